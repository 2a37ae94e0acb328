/* Runs a fuzz target without libFuzzer: every file named (or in a folder named), and a fixed number
 * of reproducible mutations of each. Usage: TARGET MUTATIONS PATH… */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 16 };

static uint64_t state = 88172645463325252;
static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* One to four edits: a byte, a bit, a removed, repeated or foreign stretch. */
static size_t mutate(uint8_t *x, size_t n, const uint8_t *other, size_t n_other) {
    static const char *const tokens[] = {"\"",         ",",  "\n", "-",  "nan",         "1e308",
                                         "9999999999", "[",  "{",  ": ", "&a ",         "*a",
                                         "\xff",       "\r", "  ", "0",  "\xef\xbb\xbf"};
    for (unsigned edits = 1 + (unsigned)(next() % 4); edits; edits--) {
        size_t at = n ? next() % n : 0, length = n ? next() % (n - at < 40 ? n - at : 40) : 0;
        switch (next() % 6) {
        case 0:
            if (n)
                x[at] = (uint8_t)next();
            break;
        case 1:
            if (n)
                x[at] = (uint8_t)(x[at] ^ (1u << next() % 8));
            break;
        case 2:
            memmove(x + at, x + at + length, n - at - length);
            n -= length;
            break;
        case 3:
            if (n + length <= LARGEST) {
                memmove(x + at + length, x + at, n - at);
                n += length;
            }
            break;
        case 4: {
            const char *token = tokens[next() % (sizeof tokens / sizeof *tokens)];
            size_t size = strlen(token);
            if (n + size <= LARGEST) {
                memmove(x + at + size, x + at, n - at);
                memcpy(x + at, token, size);
                n += size;
            }
            break;
        }
        default:
            if (n_other) {
                size_t from = next() % n_other, size = next() % 40;
                size = size < n_other - from ? size : n_other - from;
                size = size < n - at ? size : n - at;
                memcpy(x + at, other + from, size);
            }
        }
    }
    return n;
}

static size_t read_input(const char *path, uint8_t *x) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    size_t n = fread(x, 1, LARGEST, f);
    fclose(f);
    return n;
}

static size_t runs;

static void run_file(const char *path, unsigned mutations) {
    static uint8_t original[LARGEST], x[LARGEST], last[LARGEST];
    static size_t n_last;
    size_t n = read_input(path, original);
    LLVMFuzzerTestOneInput(original, n);
    for (unsigned i = 0; i < mutations; i++) {
        memcpy(x, original, n);
        /* the first byte of the analysis target says which file it is: keep it */
        size_t m = n ? 1 + mutate(x + 1, n - 1, last, n_last) : 0;
        m = m < LARGEST ? m : LARGEST;
        LLVMFuzzerTestOneInput(x, m);
    }
    runs += 1 + mutations;
    memcpy(last, original, n);
    n_last = n;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s MUTATIONS PATH…\n", argv[0]);
        return 2;
    }
    unsigned mutations = (unsigned)strtoul(argv[1], NULL, 10);
    for (int i = 2; i < argc; i++) {
        struct stat about;
        if (stat(argv[i], &about) != 0 || !S_ISDIR(about.st_mode)) {
            run_file(argv[i], mutations);
            continue;
        }
        char *files[4096];
        size_t n = 0;
        DIR *d = opendir(argv[i]);
        for (struct dirent *e; d && (e = readdir(d)) && n < 4096;)
            if (e->d_name[0] != '.' && asprintf(&files[n], "%s/%s", argv[i], e->d_name) > 0)
                n++;
        if (d)
            closedir(d);
        qsort(files, n, sizeof *files, compare);
        for (size_t k = 0; k < n; k++) {
            run_file(files[k], mutations);
            free(files[k]);
        }
    }
    printf("%zu inputs\n", runs);
    return runs ? 0 : 1;
}
