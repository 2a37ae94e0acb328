/* Writes the random words of the program, in the order in which it uses them, to stdout for ever
 * (until the reader goes): for batteries of statistical tests (tests/stream-dieharder).
 *   catastrophe  damage draws: 64 neighbouring trials side by side, one occurrence after another
 *   trials       the first words of every substream of a trial, trial after trial
 *   credit       the first words of a trial's buckets, bucket after bucket
 *   equity       16 neighbouring trials side by side, 300 stocks
 *   control      what must fail: stretches of one sequence 2^59 draws apart, side by side
 * A second argument N begins with step N 2^28 of the order, so that tests can have words of their
 * own. */
#include "kernels/credit.h"
#include "kernels/equity.h"
#include "kernels/ground_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t buffer[1 << 14];
static size_t filled;

/* false when the reader has gone */
static int put(uint32_t word) {
    buffer[filled++] = word;
    if (filled < sizeof buffer / sizeof *buffer)
        return 1;
    filled = 0;
    return fwrite(buffer, sizeof buffer, 1, stdout) == 1;
}

/* n words of each of `lanes` streams, side by side. */
static int side_by_side(xmc_stream *s, size_t lanes, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < lanes; l++)
            if (!put(xmc_u32(&s[l])))
                return 0;
    return 1;
}

static int catastrophe(uint64_t step) {
    xmc_stream s[XMC_LANES];
    for (uint64_t occurrence = 0; occurrence < 3; occurrence++) {
        for (uint64_t l = 0; l < XMC_LANES; l++)
            s[l] = xmc_stream_at(20260101, step * XMC_LANES + l, occurrence);
        if (!side_by_side(s, XMC_LANES, 500))
            return 0;
    }
    return 1;
}

static int trials(uint64_t step) {
    for (uint64_t b = 0; b < 5; b++) {
        xmc_stream s = xmc_stream_at(1, step, b);
        if (!side_by_side(&s, 1, 4))
            return 0;
    }
    return 1;
}

static int credit(uint64_t step) {
    const xmc_stream_base base = xmc_stream_base_at(2, step);
    for (uint64_t bucket = 0; bucket < 1000; bucket++) {
        const uint64_t address = xmc_mix64(bucket); /* the plan hashes names */
        xmc_stream s[2] = {xmc_stream_from(base, address),
                           xmc_stream_from(base, xmc_lgd_address(address))};
        if (!side_by_side(s, 1, 4) || !side_by_side(s + 1, 1, 2))
            return 0;
    }
    return 1;
}

static int equity(uint64_t step) {
    xmc_stream s[XMC_EQUITY_LANES];
    for (uint64_t l = 0; l < XMC_EQUITY_LANES; l++)
        s[l] = xmc_stream_at(3, step * XMC_EQUITY_LANES + l, 0);
    return side_by_side(s, XMC_EQUITY_LANES, 600);
}

static int control(uint64_t step) {
    static xmc_stream s[8];
    (void)step;
    if (!s[0].inc)
        for (uint64_t l = 0; l < 8; l++) {
            s[l] = xmc_stream_at(1, 0, 0);
            xmc_stream_jump(&s[l], l << 59);
        }
    return side_by_side(s, 8, 4096);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*words)(uint64_t step);
    } orders[] = {{"catastrophe", catastrophe},
                  {"trials", trials},
                  {"credit", credit},
                  {"equity", equity},
                  {"control", control}};
    char *end = NULL;
    const uint64_t stretch = argc == 3 ? strtoull(argv[2], &end, 10) : 0;
    const int good = argc == 2 || (argc == 3 && *argv[2] && !*end && stretch < 1000);
    for (size_t i = 0; good && i < sizeof orders / sizeof *orders; i++)
        if (strcmp(argv[1], orders[i].name) == 0) {
            for (uint64_t step = stretch << 28; orders[i].words(step); step++)
                ;
            return 0;
        }
    fprintf(stderr,
            "usage: stream_words catastrophe|trials|credit|equity|control [N below 1000]\n");
    return 2;
}
