#include "scenarios/common/source.h"
#include "scenarios/common/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 18 };

/* UTF-8 across chunk borders: how many continuation bytes are owed and what the next one may be
 * (the Unicode standard, table 3-7). */
typedef struct {
    unsigned owed;
    unsigned char low, high;
    bool broken;
} utf8_check;

static void utf8_feed(utf8_check *u, const unsigned char *p, size_t n) {
    size_t i = 0;
    while (i < n && !u->broken) {
        if (!u->owed) {
            /* Most of every file is ASCII: eight bytes at a time. */
            uint64_t w;
            while (n - i >= 8 && (memcpy(&w, p + i, 8), !(w & UINT64_C(0x8080808080808080))))
                i += 8;
            if (i == n)
                return;
        }
        unsigned char c = p[i++];
        if (u->owed) {
            u->broken = c < u->low || c > u->high;
            u->low = 0x80;
            u->high = 0xbf;
            u->owed--;
        } else if (c >= 0x80) {
            u->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
            u->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
            u->owed = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
            u->broken = c < 0xc2 || c > 0xf4;
        }
    }
}

static ssize_t read_some(int fd, void *buffer, size_t n) {
    ssize_t r;
    do {
        r = read(fd, buffer, n);
    } while (r < 0 && errno == EINTR);
    return r;
}

static size_t count_lines(const unsigned char *p, size_t n) {
    size_t lines = 0;
    for (const unsigned char *q; (q = memchr(p, '\n', n)); lines++) {
        n -= (size_t)(q + 1 - p);
        p = q + 1;
    }
    return lines;
}

/* First reading: digest, size, encoding, bytes that no text holds. */
static xmc_status examine(xmc_source *s, bool as_text, unsigned char *chunk, xmc_diag *diag) {
    xmc_digest *digest = xmc_digest_new();
    if (!digest)
        return xmc_no_memory(diag, 0, s->path);
    utf8_check utf8 = {.low = 0x80, .high = 0xbf};
    xmc_status st = XMC_OK;
    size_t line = 1;
    bool counted = false, wide = false;
    for (;;) {
        ssize_t n = read_some(s->fd, chunk, CHUNK);
        if (n < 0)
            st = xmc_file_error(diag, s->path, "read");
        if (n <= 0)
            break;
        size_t size = (size_t)n;
        xmc_digest_bytes(digest, chunk, size);
        if (as_text) {
            if (s->bytes == 0 && size >= 2)
                wide = (chunk[0] == 0xff && chunk[1] == 0xfe) ||
                       (chunk[0] == 0xfe && chunk[1] == 0xff);
            utf8_feed(&utf8, chunk, size);
            const unsigned char *nul = counted || wide ? NULL : memchr(chunk, 0, size);
            if (nul) {
                line += count_lines(chunk, (size_t)(nul - chunk));
                counted = true;
            } else if (!counted) {
                line += count_lines(chunk, size);
            }
        }
        s->bytes += size;
    }
    xmc_digest_finish(digest, s->sha256);
    if (st != XMC_OK)
        return st;
    if (wide)
        return xmc_bad_input(diag, (xmc_place){.file = s->path}, NULL,
                             "expected UTF-8 or GB18030 text, found UTF-16");
    if (counted)
        return xmc_bad_input(diag, (xmc_place){.file = s->path, .line = line}, NULL,
                             "expected text, found a NUL byte");
    if (utf8.broken || utf8.owed)
        s->encoding = XMC_ENCODING_GB18030;
    return XMC_OK;
}

xmc_status xmc_source_open(const char *path, bool as_text, xmc_source *out, xmc_diag *diag) {
    *out = (xmc_source){.path = path, .fd = -1};
    /* O_NONBLOCK: a FIFO must not hold us up before we have seen that it is none of our files. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        xmc_status st = xmc_file_error(diag, path, "open");
        if (fd >= 0)
            close(fd);
        return st;
    }
    out->fd = fd;
    unsigned char *chunk = malloc(CHUNK);
    xmc_status st;
    if (!S_ISREG(about.st_mode))
        st = xmc_bad_input(diag, (xmc_place){.file = path}, NULL,
                           "expected a regular file, found %s",
                           S_ISDIR(about.st_mode) ? "a folder" : "something else");
    else if (!chunk)
        st = xmc_no_memory(diag, CHUNK, path);
    else
        st = examine(out, as_text, chunk, diag);
    free(chunk);
    if (st == XMC_OK && lseek(fd, 0, SEEK_SET) != 0)
        st = xmc_file_error(diag, path, "seek");
    if (st == XMC_OK && as_text && out->encoding == XMC_ENCODING_GB18030) {
        iconv_t cd = iconv_open("UTF-8", "GB18030");
        /* POSIX's error value. NOLINTNEXTLINE(performance-no-int-to-ptr) */
        if (cd == (iconv_t)-1)
            st = xmc_error(diag, XMC_SYSTEM, "%s: no conversion from GB18030 on this system: %s",
                           path, strerror(errno));
        else
            out->iconv = cd;
        xmc_note(diag, "%s: not UTF-8, read as GB18030", path);
    }
    out->begun = !as_text;
    if (st != XMC_OK)
        xmc_source_close(out);
    return st;
}

/* GB18030: raw bytes go through iconv; a character cut by the chunk border waits in left. */
static xmc_status read_converted(xmc_source *s, char *buffer, size_t capacity, size_t *n,
                                 xmc_diag *diag) {
    char *out = buffer;
    size_t room = capacity;
    /* A GB18030 character of one byte is at most 3 bytes of UTF-8 (2 bytes: 3; 4 bytes: 4). */
    size_t want = capacity / 4;
    char *raw = malloc(want + sizeof s->left);
    *n = 0;
    if (!raw)
        return xmc_no_memory(diag, want, s->path);
    memcpy(raw, s->left, s->n_left);
    ssize_t got = read_some(s->fd, raw + s->n_left, want);
    if (got < 0) {
        free(raw);
        return xmc_file_error(diag, s->path, "read");
    }
    char *in = raw;
    size_t n_in = s->n_left + (size_t)got;
    s->n_left = 0;
    xmc_status st = XMC_OK;
    if (n_in && iconv((iconv_t)s->iconv, &in, &n_in, &out, &room) == (size_t)-1) {
        if (errno == EINVAL && got > 0 && n_in < sizeof s->left) {
            memcpy(s->left, in, n_in);
            s->n_left = n_in;
        } else {
            st = xmc_bad_input(diag, (xmc_place){.file = s->path}, NULL,
                               "byte 0x%02x: the text is neither UTF-8 nor GB18030",
                               (unsigned)(unsigned char)*in);
        }
    }
    *n = (size_t)(out - buffer);
    free(raw);
    /* A chunk that held nothing but the start of a character is not the end. */
    if (st == XMC_OK && *n == 0 && got > 0)
        return read_converted(s, buffer, capacity, n, diag);
    return st;
}

xmc_status xmc_source_read(xmc_source *s, char *buffer, size_t capacity, size_t *n,
                           xmc_diag *diag) {
    *n = 0;
    if (s->iconv) {
        xmc_status st = read_converted(s, buffer, capacity, n, diag);
        if (st != XMC_OK)
            return st;
    } else {
        ssize_t got = read_some(s->fd, buffer, capacity);
        if (got < 0)
            return xmc_file_error(diag, s->path, "read");
        *n = (size_t)got;
    }
    if (!s->begun && *n >= 3 && !memcmp(buffer, "\xef\xbb\xbf", 3)) {
        *n -= 3;
        memmove(buffer, buffer + 3, *n);
        s->begun = true;
        if (*n == 0)
            return xmc_source_read(s, buffer, capacity, n, diag);
    }
    s->begun = true;
    return XMC_OK;
}

xmc_status xmc_source_text(xmc_source *s, size_t limit, char **text, size_t *n, xmc_diag *diag) {
    size_t capacity = CHUNK, used = 0;
    char *t = malloc(capacity);
    *text = NULL;
    *n = 0;
    for (;;) {
        size_t got = 0;
        if (!t)
            return xmc_no_memory(diag, capacity, s->path);
        xmc_status st = xmc_source_read(s, t + used, capacity - used - 1, &got, diag);
        used += got;
        if (st == XMC_OK && used > limit)
            st = xmc_bad_input(diag, (xmc_place){.file = s->path}, NULL,
                               "expected a file of at most %zu bytes", limit);
        if (st != XMC_OK) {
            free(t);
            return st;
        }
        if (!got)
            break;
        if (capacity - used < CHUNK / 2) {
            capacity *= 2;
            char *more = realloc(t, capacity);
            if (!more)
                free(t);
            t = more;
        }
    }
    t[used] = '\0';
    *text = t;
    *n = used;
    return XMC_OK;
}

void xmc_source_close(xmc_source *s) {
    if (s->iconv)
        iconv_close((iconv_t)s->iconv);
    s->iconv = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

char *xmc_path_beside(const char *from, const char *path) {
    const char *slash = strrchr(from, '/');
    size_t folder = path[0] == '/' || !slash ? 0 : (size_t)(slash + 1 - from), n = strlen(path);
    char *joined = malloc(folder + n + 1);
    if (!joined)
        return NULL;
    memcpy(joined, from, folder);
    memcpy(joined + folder, path, n + 1);
    return joined;
}
