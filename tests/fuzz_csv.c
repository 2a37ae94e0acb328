/* Fuzz target: the CSV table reader. Any bytes must end in rows or messages, never in a crash, and
 * an error must be both reported and returned. */
#include "scenarios/common/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { ID, AMOUNT, SHARE, COUNT, DAY, KIND, N };
    static const xmc_column columns[N] = {
        [ID] = {"id", true},        [AMOUNT] = {"amount", true}, [SHARE] = {"share", false},
        [COUNT] = {"count", false}, [DAY] = {"day", false},      [KIND] = {"kind", false}};
    static const char *const kinds[] = {"red", "green"};
    char path[64];
    int fd = memfd_create("fuzz", 0);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "memory file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_table *t;
    xmc_status st = xmc_table_open(path, columns, N, &d, &t);
    if (st == XMC_OK) {
        size_t line = 1;
        while (xmc_table_next(t)) {
            size_t length, errors = d.n_errors;
            const char *id = xmc_cell_text(t, ID, &length);
            double amount = xmc_cell_positive(t, AMOUNT, 1, INFINITY);
            double share = xmc_cell_number(t, SHARE, 0.5, 0, 1);
            int64_t count = xmc_cell_integer(t, COUNT, 3, 0, 10);
            int32_t day = xmc_cell_date(t, DAY, 0);
            size_t kind = xmc_cell_choice(t, KIND, 0, kinds, 2);
            require(strlen(id) == length, "length of a cell");
            require(isfinite(amount) && amount > 0, "positive");
            require(share >= 0 && share <= 1, "share");
            require(count >= 0 && count <= 10 && kind < 2, "integer and choice");
            require(day >= -25567 && day <= 376199, "date");
            require(xmc_row_ok(t) == (d.n_errors == errors), "row_ok");
            require(xmc_row_line(t) > line, "lines rise");
            line = xmc_row_line(t);
        }
        st = xmc_table_close(t, NULL);
    }
    require((st == XMC_OK) == (d.n_errors == 0), "status and messages agree");
    xmc_diag_free(&d);
    close(fd);
    return 0;
}
