/* The small book of tests/data/small, whole or with one change, for the loader tests. */
#ifndef CROSSMC_TESTS_LOAD_BOOK_H
#define CROSSMC_TESTS_LOAD_BOOK_H

#include "scenarios/analysis.h"
#include "tests/load_tools.h"

#include <dirent.h>

#define SMALL_BOOK CROSSMC_SOURCE_DIR "/tests/data/small"

/* The event set of the small book. */
enum { SMALL_EVENTS = 6, SMALL_CELLS = 5, SMALL_FOOTPRINT = 11 };
static uint32_t small_id[] = {1, 2, 3, 5, 8, 13};
static xmc_perils small_peril[] = {XMC_PERIL_WTC, XMC_PERIL_WTC, XMC_PERIL_ORF,
                                   XMC_PERIL_ORF, XMC_PERIL_XCY, XMC_PERIL_WSS};
static double small_rate[] = {0.5, 0.01, 1.25, 0.125, 0.2, 0.05};
static uint16_t small_first[] = {152, 182, 91, 121, 365, 200};
static uint16_t small_last[] = {304, 273, 304, 243, 365, 200};
/* Hong Kong, nobody, Nanchang, the paddy, Hangzhou. */
static uint32_t small_cell[] = {647736, 680864, 683743, 685184, 693840};
static uint64_t small_offset[] = {0, 3, 4, 7, 9, 10, 11};
static uint32_t small_footprint_cell[] = {1, 2, 4, 0, 2, 3, 4, 1, 2, 3, 0};
/* intensity bin 3 is beyond the vulnerability file: no damage */
static uint16_t small_bin[] = {1, 2, 1, 2, 1, 1, 3, 1, 1, 2, 1};

static inline xmc_event_set small_events(void) {
    return (xmc_event_set){.n_events = SMALL_EVENTS,
                           .n_cells = SMALL_CELLS,
                           .n_footprint = SMALL_FOOTPRINT,
                           .event_id = small_id,
                           .peril = small_peril,
                           .rate = small_rate,
                           .day_first = small_first,
                           .day_last = small_last,
                           .cell_id = small_cell,
                           .cell_size = 0.25,
                           .offset = small_offset,
                           .footprint_cell = small_footprint_cell,
                           .footprint_bin = small_bin};
}

/* A whole file in fresh memory with a zero behind it. */
static inline char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *text = malloc(1 << 20);
    *n = fread(text, 1, (1 << 20) - 1, f);
    text[*n] = '\0';
    fclose(f);
    return text;
}

/* The folder of the copy. */
static inline const char *copy_folder(void) {
    static char folder[300];
    if (!*folder)
        snprintf(folder, sizeof folder, "%.*s",
                 (int)(strlen(temporary_text("x", "")) - strlen("/x")), temporary_text("x", ""));
    return folder;
}

/* Copies the small book into the temporary folder. */
static inline void copy_book(void) {
    DIR *d = opendir(SMALL_BOOK);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        char path[600];
        size_t n;
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", SMALL_BOOK, e->d_name);
        char *text = slurp(path, &n);
        temporary(e->d_name, text, n);
        free(text);
    }
    closedir(d);
}

/* In the copy's file, the first `find` becomes `replace`. find NULL: the whole file; replace NULL:
 * the file is deleted. */
static inline void change_book(const char *file, const char *find, const char *replace) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", copy_folder(), file);
    if (!replace) {
        assert_int_equal(remove(path), 0);
        return;
    }
    if (!find) {
        temporary_text(file, replace);
        return;
    }
    size_t n;
    char *text = slurp(path, &n), *at = strstr(text, find);
    if (!at)
        fail_msg("'%s' is not in %s", find, file);
    char *changed = malloc(n + strlen(replace) + 1);
    size_t before = (size_t)(at - text);
    memcpy(changed, text, before);
    sprintf(changed + before, "%s%s", replace, at + strlen(find));
    temporary_text(file, changed);
    free(changed);
    free(text);
}

/* Loads the copy; the analysis is freed unless out is given. */
static inline xmc_status load_copy(xmc_diag *diag, xmc_analysis *out) {
    char path[600];
    xmc_analysis a;
    snprintf(path, sizeof path, "%s/analysis.yaml", copy_folder());
    xmc_diag_init(diag);
    xmc_status st = xmc_analysis_load(path, &a, diag);
    if (out)
        *out = a;
    else
        xmc_analysis_free(&a);
    return st;
}

#endif
