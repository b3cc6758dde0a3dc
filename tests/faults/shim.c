/* Strikes at the n-th call that changes a file below a folder: a kill of the process group, or an error of the disk.

   Preloaded into Python, which calls fault_arm() in the process that is to be struck. A write that is struck by a kill has
   then written half of its bytes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char under[PATH_MAX];
static long at;
static int fault, lasting;
static volatile long *count;

/* error 0 is a kill; an error that lasts hits every later call too that needs space. */
void fault_arm(const char *folder, long number, int error, int lasts, long *counter) {
    snprintf(under, sizeof under, "%s", folder);
    at = number, fault = error, lasting = lasts, count = counter;
}

static int struck(const char *path, int takes_space) {
    size_t length = strlen(under);
    if (!count || strncmp(path, under, length) || (path[length] && path[length] != '/')) return 0;
    long number = ++*count;
    if (number == at && !fault) return 1;
    if (fault && (number == at || (lasting && takes_space && number > at))) {
        errno = fault;
        return 1;
    }
    return 0;
}

static int end(void) {
    if (fault) return -1;
    kill(0, SIGKILL);
    for (;;) pause();
}

static const char *of_file(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return path;
}

static const char *in_folder(int folder, const char *name, char *path) {
    if (folder == AT_FDCWD || name[0] == '/') return name;
    of_file(folder, path);
    snprintf(path + strlen(path), PATH_MAX - strlen(path), "/%s", name);
    return path;
}

#define WHOLE(result, name, ...) \
    static result (*whole)(__VA_ARGS__); \
    if (!whole) *(void **)&whole = dlsym(RTLD_NEXT, #name)

ssize_t write(int file, const void *bytes, size_t size) {
    WHOLE(ssize_t, write, int, const void *, size_t);
    char path[PATH_MAX];
    if (count && struck(of_file(file, path), 1)) {
        if (!fault && size > 1) (void)!whole(file, bytes, size / 2);
        return end();
    }
    return whole(file, bytes, size);
}

#define PWRITE(name, offset_t) \
    ssize_t name(int file, const void *bytes, size_t size, offset_t place) { \
        WHOLE(ssize_t, name, int, const void *, size_t, offset_t); \
        char path[PATH_MAX]; \
        if (count && struck(of_file(file, path), 1)) { \
            if (!fault && size > 1) (void)!whole(file, bytes, size / 2, place); \
            return end(); \
        } \
        return whole(file, bytes, size, place); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define BY_FILE(name, takes_space, parameters, arguments) \
    int name parameters { \
        WHOLE(int, name, int, ...); \
        char path[PATH_MAX]; \
        return count && struck(of_file(file, path), takes_space) ? end() : whole arguments; \
    }
BY_FILE(fsync, 0, (int file), (file))
BY_FILE(fdatasync, 0, (int file), (file))
BY_FILE(ftruncate, 0, (int file, off_t size), (file, size))
BY_FILE(ftruncate64, 0, (int file, off64_t size), (file, size))

#define BY_PATH(name, takes_space, parameters, types, arguments) \
    int name parameters { \
        static int(*whole) types; \
        if (!whole) *(void **)&whole = dlsym(RTLD_NEXT, #name); \
        char full[PATH_MAX]; \
        return struck(in_folder(folder, path, full), takes_space) ? end() : whole arguments; \
    }
#define folder AT_FDCWD
BY_PATH(rename, 0, (const char *path, const char *new), (const char *, const char *), (path, new))
BY_PATH(unlink, 0, (const char *path), (const char *), (path))
BY_PATH(rmdir, 0, (const char *path), (const char *), (path))
BY_PATH(mkdir, 1, (const char *path, mode_t mode), (const char *, mode_t), (path, mode))
#undef folder
BY_PATH(unlinkat, 0, (int folder, const char *path, int flags), (int, const char *, int), (folder, path, flags))
BY_PATH(mkdirat, 1, (int folder, const char *path, mode_t mode), (int, const char *, mode_t), (folder, path, mode))

#define MODE \
    va_list more; \
    va_start(more, flags); \
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
    va_end(more); \
    char full[PATH_MAX]

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        WHOLE(int, name, const char *, int, ...); \
        MODE; \
        (void)full; \
        return flags & O_CREAT && struck(path, 1) ? end() : whole(path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        WHOLE(int, name, int, const char *, int, ...); \
        MODE; \
        return flags & O_CREAT && struck(in_folder(folder, path, full), 1) ? end() : whole(folder, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
