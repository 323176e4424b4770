/* A wall clock of its own for one process and its children, and nobody else's: preload this library.
 *
 * HYDRONEST_WALL_CLOCK names a file with one int64, how many nanoseconds the clock is off; it may change at any time.
 * Beside it, named like it and ".set", lies a pipe that is written to after every change: it stands in for the timerfd
 * that the kernel would cancel. The kernel vouches for the clock (adjtimex) while it is right, and at no other time;
 * timesyncd's mark is hidden, for it belongs to the machine's clock. Other clocks are left as they are.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define MARK "/run/systemd/timesync/"

static const int64_t *off;

__attribute__((constructor)) static void find(void) {
    const char *path = getenv("HYDRONEST_WALL_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *off, PROT_READ, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        fprintf(stderr, "HYDRONEST_WALL_CLOCK: %s: %s\n", path ? path : "not set", strerror(errno));
        _exit(97);
    }
    close(fd);
    off = page;
}

static int64_t off_ns(void) { return off ? __atomic_load_n(off, __ATOMIC_RELAXED) : 0; }

int clock_gettime(clockid_t clock, struct timespec *at) {
    int answer = syscall(SYS_clock_gettime, clock, at);
    if (answer == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ns = at->tv_sec * SECOND + at->tv_nsec + off_ns();
        at->tv_sec = ns / SECOND;
        at->tv_nsec = ns % SECOND;
    }
    return answer;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

int adjtimex(struct timex *state) {
    if (state->modes) {
        errno = EPERM;
        return -1;
    }
    memset(state, 0, sizeof *state);
    state->maxerror = off_ns() ? 16000000 : 5000;
    state->status = off_ns() ? STA_UNSYNC : 0;
    return off_ns() ? TIME_ERROR : TIME_OK;
}

int timerfd_create(int clock, int flags) {
    char path[4096];
    if (clock != CLOCK_REALTIME) return syscall(SYS_timerfd_create, clock, flags);
    snprintf(path, sizeof path, "%s.set", getenv("HYDRONEST_WALL_CLOCK"));
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *before) {
    struct stat what;
    if (fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode)) return 0;
    return syscall(SYS_timerfd_settime, fd, flags, when, before);
}

static int hidden(const char *path) {
    if (strncmp(path, MARK, strlen(MARK))) return 0;
    errno = ENOENT;
    return 1;
}

int stat(const char *restrict path, struct stat *restrict what) {
    return hidden(path) ? -1 : fstatat(AT_FDCWD, path, what, 0);
}

int stat64(const char *restrict path, struct stat64 *restrict what) {
    return hidden(path) ? -1 : fstatat64(AT_FDCWD, path, what, 0);
}
