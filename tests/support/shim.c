/* A wall clock that a test can set, for one process: LD_PRELOAD this. See tests/support/walls.py.
 *
 * Only what people read is moved (CLOCK_REALTIME, time, gettimeofday) and, for a boot that never was, CLOCK_BOOTTIME
 * and the kernel's boot id. CLOCK_MONOTONIC is left alone: waits are measured on it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define SECOND 1000000000LL

static volatile int64_t nothing[2];
static volatile int64_t *shifts = nothing; /* nanoseconds: wall clock, boot clock */
static const char *boot_id;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("KENTONGAN_SHIM_CLOCK");
    boot_id = getenv("KENTONGAN_SHIM_BOOT_ID");
    if (path == NULL)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        shifts = page;
}

static int64_t shift_of(clockid_t clock)
{
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        return shifts[0];
    return clock == CLOCK_BOOTTIME ? shifts[1] : 0;
}

static int ask(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(clock, now);
    int64_t shift = shift_of(clock);
    if (done == 0 && shift != 0) {
        int64_t at = (int64_t)now->tv_sec * SECOND + now->tv_nsec + shift;
        if (at < 0)
            at = 0;
        now->tv_sec = at / SECOND;
        now->tv_nsec = at % SECOND;
    }
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *now) { return ask(clock, now); }

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec at;
    (void)zone;
    if (ask(CLOCK_REALTIME, &at) != 0)
        return -1;
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where)
{
    struct timespec at;
    ask(CLOCK_REALTIME, &at);
    if (where != NULL)
        *where = at.tv_sec;
    return at.tv_sec;
}

static int open_it(int folder, const char *path, int flags, mode_t mode)
{
    if (boot_id != NULL && strcmp(path, BOOT_ID) == 0)
        path = boot_id;
    return (int)syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
}

static mode_t mode_in(int flags, va_list more) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; }

#define OPENER(name)                                     \
    int name(const char *path, int flags, ...)           \
    {                                                    \
        va_list more;                                    \
        va_start(more, flags);                           \
        mode_t mode = mode_in(flags, more);              \
        va_end(more);                                    \
        int fd = open_it(AT_FDCWD, path, flags, mode);   \
        return fd;                                       \
    }

OPENER(open)
OPENER(open64)

int openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_in(flags, more);
    va_end(more);
    return open_it(folder, path, flags, mode);
}
