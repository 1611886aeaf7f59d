"""Every word of the rule language in a sentence each: what editors show beside it, and what the reference lists.

A key that the parser knows and this file does not explain is a KeyError where the schema is made, so none is forgotten.
"""

from collections.abc import Mapping

from dispatcher.domain.faults import Text

Words = Mapping[str, Text]

FILE: Words = {
    "version": Text("versi berkas, selalu 1", "version of the file, always 1"),
    "rules": Text("daftar aturan", "list of rules"),
}

RULE: Words = {
    "id": Text(
        "nama pendek, hanya sekali di semua berkas: huruf kecil, angka, -",
        "short name, once over all files: lower-case letters, digits, -",
    ),
    "name": Text("yang dibaca orang: teks, atau {id: ..., en: ...}", "what people read: a text, or {id: ..., en: ...}"),
    "when": Text("kapan aturan ini menyala: tepat satu bentuk", "when the rule fires: exactly one form"),
    "then": Text("apa yang dilakukan", "what is done"),
    "only_if": Text(
        "syarat yang semuanya harus benar ketika when lengkap: keadaan, jam, hari, siaga",
        "conditions that must all hold when `when` is complete: states, hours, days, watches",
    ),
    "throttle": Text(
        "paling banyak sekali dalam waktu ini; ulangannya masuk ke kejadian yang sama",
        "at most once in this time; repeats join the same incident",
    ),
    "clear_when": Text(
        "when yang mengakhiri keadaan bahaya; sampai saat itu hanya sekali memberi tahu",
        "a `when` that ends the condition; until then the rule alerts once",
    ),
    "suppressed_by": Text(
        "id aturan yang kejadiannya sudah mengatakannya; selama itu yang ini hanya dicatat",
        "ids of rules whose open incident says it already; meanwhile this one is only recorded",
    ),
    "runs_at": Text(
        "di mana dinilai: post (biasanya), atau precinct",
        "where it is judged: post (usually), or precinct",
    ),
    "enabled": Text("false: diperiksa, tidak dijalankan (bawaan true)", "false: checked, not run (default true)"),
    "mode": Text(
        "shadow: dihitung, tidak memberi tahu siapa pun; untuk mencoba (bawaan live)",
        "shadow: counted, alerts nobody; for trying out (default live)",
    ),
    "notes": Text("catatan Anda; program tidak membacanya", "your notes; the program does not read them"),
}

NAME: Words = {
    "id": Text("dalam bahasa Indonesia", "in Indonesian"),
    "en": Text("dalam bahasa Inggris", "in English"),
}

MODES: Words = {
    "live": Text("bekerja", "works"),
    "shadow": Text("dihitung saja", "counted only"),
}
PLACES: Words = {
    "post": Text("di setiap pos, untuk pos itu saja", "at each post, for that post alone"),
    "precinct": Text("di Polsek, untuk semua pos", "at the precinct, for all posts"),
}

FORMS: Words = {
    "event": Text("menyala pada setiap kejadian yang cocok", "fires for each event that matches"),
    "count": Text(
        "menyala bila jumlah kejadian di dalam jendela mencapai at_least",
        "fires when the number of events inside the window reaches at_least",
    ),
    "all": Text(
        "menyala bila setiap klausa sudah cocok di dalam jendela, urutan bebas",
        "fires when every clause has matched inside the window, in any order",
    ),
    "any": Text("menyala bila salah satu klausa cocok", "fires when one of the clauses matches"),
    "sequence": Text(
        "menyala bila klausa-klausa cocok dengan urutan ini di dalam jendela",
        "fires when the clauses have matched in this order inside the window",
    ),
    "absent": Text(
        "menyala bila kejadian ini tidak datang: for, between, atau after dengan within",
        "fires when no such event came: for, between, or after with within",
    ),
    "state": Text(
        "menyala bila keadaan menjadi demikian dan bertahan (for)",
        "fires when the named state becomes and stays so (for)",
    ),
    "schedule": Text("menyala pada jam ini", "fires at this time of day"),
}

BESIDE: Words = {
    "where": Text(
        "syarat atas isian kejadian ini; semua harus benar", "conditions on fields of this event; all must hold"
    ),
    "within": Text(
        "panjang jendela yang bergeser, atau batas tunggu sesudah after; 60s, 10m, 2h",
        "length of the sliding window, or of the wait after `after`; 60s, 10m, 2h",
    ),
    "group_by": Text(
        "satu jendela untuk setiap nilai isian ini; kejadian tanpa isian itu tidak dihitung",
        "one window for each value of these fields; an event that lacks one counts nowhere",
    ),
    "neighbours": Text(
        "kelurahan: jendelanya mencakup kelurahan tetangga (aturan Polsek)",
        "kelurahan: the window takes in the neighbouring kelurahan (a precinct rule)",
    ),
    "reuse": Text(
        "true: kejadian yang sudah dipakai boleh dihitung lagi",
        "true: events that served a firing may be counted again",
    ),
    "for": Text("selama ini", "for so long"),
    "between": Text(
        'antara dua jam setempat, ["00:50", "01:10"]; boleh melewati tengah malam',
        'between two local times of day, ["00:50", "01:10"]; may pass midnight',
    ),
    "after": Text(
        "yang memulai penantian: klausa, sequence, atau count", "what begins the wait: a clause, sequence, or count"
    ),
    "expect_from": Text(
        "siapa yang diharapkan terdengar: posts, devices, {role: smoke}, atau daftar id",
        "who is expected to be heard: posts, devices, {role: smoke}, or a list of ids",
    ),
}

CLAUSE: Words = {
    "event": Text(
        "jenis kejadian, daftar jenis, atau satu kelompok (door.*)",
        "a kind of event, a list of kinds, or a prefix (door.*)",
    ),
    "where": BESIDE["where"],
    "as": Text("nama kejadian ini bagi klausa sesudahnya", "a name by which later clauses compare with this event"),
    "at_least": Text("sekian kejadian seperti ini", "so many such events"),
    "distinct": Text("hitung nilai yang berbeda dari isian ini", "count distinct values of this field"),
    "unless": Text("bila ini datang di sini, kecocokan batal", "voids the match if such an event comes here"),
}

AFTER: Words = {
    **CLAUSE,
    "sequence": FORMS["sequence"],
    "count": FORMS["count"],
    "within": Text("jendela dari sequence atau count ini", "the window of this sequence or count"),
}

ROSTERS: Words = {
    "posts": Text("setiap pos di site.yaml", "every post of site.yaml"),
    "devices": Text("setiap alat di site.yaml", "every device of site.yaml"),
    "role": Text("setiap alat dengan peran ini", "every device of this role"),
}

SCHEDULE: Words = {
    "at": Text('jam setempat, "HH:MM"', 'local time of day, "HH:MM"'),
    "days": Text("hanya pada hari ini: mon tue wed thu fri sat sun", "on these days only: mon tue wed thu fri sat sun"),
}

OPERATORS: Words = {
    "is": Text('sama dengan; "5" bukan 5', 'equal; "5" is not 5'),
    "is_not": Text("tidak sama dengan", "not equal"),
    "in": Text("salah satu dari daftar", "one of a list"),
    "not_in": Text("bukan salah satu dari daftar", "none of a list"),
    "above": Text("lebih dari", "greater than"),
    "below": Text("kurang dari", "less than"),
    "at_least": Text("paling sedikit", "at least"),
    "at_most": Text("paling banyak", "at most"),
    "between": Text("[bawah, atas], kedua batas termasuk", "[low, high], both included"),
    "contains": Text("teks ini ada di dalamnya", "contains this text"),
    "starts_with": Text("diawali teks ini", "begins with this text"),
    "matches": Text(
        "seluruh nilai cocok dengan ekspresi reguler ini", "the whole value matches this regular expression"
    ),
    "exists": Text("true: isian ini ada; false: tidak ada", "true: the field is there; false: it is not"),
    "same_as": Text(
        "sama dengan isian kejadian sebelumnya: first.zone",
        "the same as a field of an earlier event: first.zone",
    ),
    "not_same_as": Text(
        "lain dari isian kejadian sebelumnya: first.device",
        "different from a field of an earlier event: first.device",
    ),
    "rises_by": Text("naik paling sedikit sekian, since: nama", "at least so much higher, since: name"),
    "falls_by": Text("turun paling sedikit sekian, since: nama", "at least so much lower, since: name"),
    "since": Text("nama kejadian sebelumnya (as)", "the name of an earlier event (as)"),
    "field": Text("bandingkan dengan isian lain kejadian yang sama", "compare with another field of the same event"),
}

NESTING: Words = {
    "any_of": Text("paling sedikit satu benar", "at least one holds"),
    "all_of": Text("semua benar", "all hold"),
    "not": Text("yang di dalamnya tidak benar", "what is inside does not hold"),
}

FIELDS: Words = {
    "id": Text("nomor kejadian", "the event's id"),
    "kind": Text("jenis kejadian", "kind of event"),
    "device": Text("alat", "device"),
    "role": Text("peran alat", "role of the device"),
    "post": Text("pos", "post"),
    "zone": Text("zona di pos", "zone at the post"),
    "kelurahan": Text("kelurahan", "kelurahan"),
    "source": Text(
        "dari mana kabarnya: tombol, sensor, warga, ...", "where word came from: button, sensor, citizen, ..."
    ),
    "trust": Text("seberapa pengirimnya dapat dipastikan", "how sure the sender is"),
}

THEN: Words = {
    "escalate": Text(
        "siapa yang diberi tahu; none: tidak seorang pun, hanya set dan actions",
        "who is told; none: nobody, only set and actions",
    ),
    "incident": Text(
        "jenis peristiwa di papan, huruf kecil: kebakaran, ranmor", "kind of incident on the board, lower case"
    ),
    "severity": Text("seberapa gawat", "how grave"),
    "message": Text(
        "kalimat di papan; {device}, {zone}, {post}, {value} dan isian lain diganti nilainya",
        "the line on the board; {device}, {zone}, {post}, {value} and other fields become their values",
    ),
    "actions": Text("perintah ke alat di pos, misalnya siren.on", "commands to devices of the post, such as siren.on"),
    "set": Text("keadaan yang menjadi demikian: {post_status: manned}", "states that become so: {post_status: manned}"),
    "avs": Text("tingkat validasi alarm, 0 sampai 4", "alarm validation level, 0 to 4"),
    "certainty": Text("seberapa pasti", "how certain"),
}

CHANNELS: Words = {
    "precinct": Text("Polsek: papan petugas jaga", "the precinct: the duty officer's board"),
    "coordinator": Text("koordinator", "the coordinator"),
    "fire": Text("pemadam kebakaran", "the fire brigade"),
    "technician": Text("teknisi", "the technician"),
    "none": Text("tidak seorang pun", "nobody"),
}
SEVERITIES: Words = {
    "info": Text("untuk diketahui", "to know of"),
    "low": Text("ringan", "minor"),
    "medium": Text("perlu dilihat", "needs a look"),
    "high": Text("segera", "urgent"),
    "critical": Text("nyawa; tombol panik selalu ini", "life at stake; a panic button is always this"),
}
CERTAINTIES: Words = {
    "observed": Text("dilihat atau ditekan orang", "seen or pressed by a person"),
    "likely": Text("kemungkinan besar", "likely"),
    "possible": Text("mungkin", "possible"),
}

THROTTLE: Words = {
    "once_within": Text("paling banyak sekali dalam waktu ini", "at most once in this time"),
    "group_by": Text("untuk setiap nilai isian ini sendiri-sendiri", "for each value of these fields by itself"),
}

ONLY_IF: Words = {
    "state": Text("nama keadaan; is: nilainya", "name of a state; is: its value"),
    "is": Text("nilai keadaan itu", "the state's value"),
    "between": Text(
        'jam setempat, ["22:00", "05:00"]: awalnya termasuk, akhirnya tidak',
        'local time, ["22:00", "05:00"]: the start included, the end not',
    ),
    "days": SCHEDULE["days"],
    "watch": Text("Polsek sedang siaga untuk ini di tempat ini", "the precinct has an open watch for this, here"),
}
