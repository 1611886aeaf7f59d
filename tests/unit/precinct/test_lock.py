"""One precinct for one folder."""

from pathlib import Path

import pytest

from dispatcher.precinct.daemon import TRY_LATER, CannotStart, Precinct, hold
from dispatcher.settings.station import load_precinct

SITE = "timezone: Asia/Jakarta\nprecinct: {id: polsek-tambora}\n"


def test_a_second_precinct_on_one_folder_is_sent_away_with_75(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    config = tmp_path / "precinct.yaml"
    config.write_text("precinct: polsek-tambora\ndata_dir: data\nsite: site.yaml\nbroker: {host: 127.0.0.1, port: 1}\n")
    (tmp_path / "data").mkdir()
    held = hold(tmp_path / "data" / "lock")
    with pytest.raises(CannotStart) as refused:
        Precinct(load_precinct(config))
    assert refused.value.code == TRY_LATER
    assert str(tmp_path / "data") in refused.value.message
    held.close()
    hold(tmp_path / "data" / "lock").close()
