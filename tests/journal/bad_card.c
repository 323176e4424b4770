/* A card of its own for one process and its children: preload this library.
 *
 * HYDRONEST_BAD_CARD names a file of one page of text, which may change at any time; each line is a rule:
 *     OP ERRNO FROM TO PART
 * PART may be #INODE#: the spot stays with the file when that is moved.
 * OP is r (reading), w (writing, cutting, making, renaming, removing), s (syncing), o (opening to write). It holds for
 * files whose path has PART in it, and for reading and writing where the bytes FROM to TO (not included) are touched.
 * A read is cut short before the first bad byte, as the kernel's is. ERRNO 0: the call hangs until the rule is gone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static const char *page;

__attribute__((constructor)) static void find(void) {
    const char *path = getenv("HYDRONEST_BAD_CARD");
    int fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) : -1;
    void *found = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    if (found == MAP_FAILED) {
        fprintf(stderr, "HYDRONEST_BAD_CARD: %s: %s\n", path ? path : "not set", strerror(errno));
        _exit(97);
    }
    close(fd);
    page = found;
}

/* The first rule for this: its errno, or -1; where its bad bytes begin stands in *first. */
static int rule(char op, const char *path, long long from, long long to, long long *first) {
    char text[PAGE + 1], *rest = NULL;
    if (!page || !*page) return -1;
    memcpy(text, page, PAGE);
    text[PAGE] = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char what, part[1024];
        int error;
        long long a, b;
        if (sscanf(line, "%c %d %lld %lld %1023s", &what, &error, &a, &b, part) != 5) continue;
        if (what != op || a >= to || b <= from || !strstr(path, part)) continue;
        if (first) *first = a;
        return error;
    }
    return -1;
}

static int fails(char op, const char *path, long long from, long long to, long long *first) {
    int error;
    while ((error = rule(op, path, from, to, first)) == 0) {
        struct timespec wait = {0, 20000000};
        nanosleep(&wait, NULL);
    }
    if (error < 0) return 0;
    errno = error;
    return 1;
}

static int fd_fails(char op, int fd, long long from, long long to, long long *first) {
    char link[64], path[4096];
    struct stat what;
    int before = errno;
    if (!page || !*page || fstat(fd, &what) || !S_ISREG(what.st_mode)) return errno = before, 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 32);
    if (length < 0) return errno = before, 0;
    snprintf(path + length, sizeof path - length, "#%lu#", (unsigned long)what.st_ino);
    errno = before;
    if (op == 'r' && to > what.st_size) to = what.st_size;
    return from < to && fails(op, path, from, to, first);
}

#define ALL 0x7fffffffffffffffLL

static ssize_t reading(int fd, void *to, size_t count, off64_t at, int moves) {
    long long first = 0, here = moves ? lseek64(fd, 0, SEEK_CUR) : at;
    if (here >= 0 && fd_fails('r', fd, here, here + (long long)count, &first)) {
        if (first <= here) return -1;
        count = first - here;
    }
    return moves ? syscall(SYS_read, fd, to, count) : syscall(SYS_pread64, fd, to, count, at);
}

ssize_t read(int fd, void *to, size_t count) { return reading(fd, to, count, 0, 1); }
ssize_t pread(int fd, void *to, size_t count, off_t at) { return reading(fd, to, count, at, 0); }
ssize_t pread64(int fd, void *to, size_t count, off64_t at) { return reading(fd, to, count, at, 0); }

ssize_t write(int fd, const void *from, size_t count) {
    long long here = lseek64(fd, 0, SEEK_CUR);
    if (here >= 0 && fd_fails('w', fd, here, here + (long long)count, NULL)) return -1;
    return syscall(SYS_write, fd, from, count);
}
ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    if (fd_fails('w', fd, at, at + (long long)count, NULL)) return -1;
    return syscall(SYS_pwrite64, fd, from, count, at);
}
ssize_t pwrite(int fd, const void *from, size_t count, off_t at) { return pwrite64(fd, from, count, at); }
int ftruncate64(int fd, off64_t size) { return fd_fails('w', fd, 0, ALL, NULL) ? -1 : syscall(SYS_ftruncate, fd, size); }
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
int posix_fallocate64(int fd, off64_t from, off64_t count) {
    if (fd_fails('w', fd, 0, ALL, NULL)) return errno;
    return syscall(SYS_fallocate, fd, 0, from, count) ? errno : 0;
}
int posix_fallocate(int fd, off_t from, off_t count) { return posix_fallocate64(fd, from, count); }

int fsync(int fd) { return fd_fails('s', fd, 0, ALL, NULL) ? -1 : syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fd_fails('s', fd, 0, ALL, NULL) ? -1 : syscall(SYS_fdatasync, fd); }

static int opening(int folder, const char *path, int flags, mode_t mode) {
    if ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) && fails('o', path, 0, ALL, NULL)) return -1;
    return syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE_OF(flags) ({ va_list rest; va_start(rest, flags); mode_t m = va_arg(rest, mode_t); va_end(rest); m; })

int open(const char *path, int flags, ...) { return opening(AT_FDCWD, path, flags, MODE_OF(flags)); }
int open64(const char *path, int flags, ...) { return opening(AT_FDCWD, path, flags, MODE_OF(flags)); }
int openat(int at, const char *path, int flags, ...) { return opening(at, path, flags, MODE_OF(flags)); }
int openat64(int at, const char *path, int flags, ...) { return opening(at, path, flags, MODE_OF(flags)); }

int rename(const char *from, const char *to) {
    return fails('w', to, 0, ALL, NULL) ? -1 : syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}
int unlink(const char *path) { return fails('w', path, 0, ALL, NULL) ? -1 : syscall(SYS_unlinkat, AT_FDCWD, path, 0); }
int mkdir(const char *path, mode_t mode) {
    struct stat what;
    if (fstatat(AT_FDCWD, path, &what, 0) == 0) return errno = EEXIST, -1;
    return fails('w', path, 0, ALL, NULL) ? -1 : syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}
