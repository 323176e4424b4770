/* A card that takes its time, for one process and its children: every sync waits first. Preload this library.
 *
 * HYDRONEST_SLOW_SYNC names a file with two int64: by how many milliseconds each sync is late, which may change at any
 * time, and how many were late so far.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t *late_ms;

__attribute__((constructor)) static void find(void) {
    const char *path = getenv("HYDRONEST_SLOW_SYNC");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof *late_ms, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (page != MAP_FAILED) late_ms = page;
}

static void wait_first(void) {
    int64_t ms = late_ms ? __atomic_load_n(late_ms, __ATOMIC_RELAXED) : 0;
    struct timespec rest = {ms / 1000, ms % 1000 * 1000000};
    if (ms <= 0) return;
    nanosleep(&rest, NULL);
    __atomic_add_fetch(late_ms + 1, 1, __ATOMIC_RELAXED);
}

int fsync(int fd) { wait_first(); return syscall(SYS_fsync, fd); }
int fdatasync(int fd) { wait_first(); return syscall(SYS_fdatasync, fd); }
