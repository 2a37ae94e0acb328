#include "scenarios/perils.h"

#include <string.h>

/* OED's PerilValues: bit number in the order of the table. */
static const char single[][4] = {"QEQ", "QFF", "QTS", "QSL", "QLS", "QLF", "WTC", "WEC", "WSS",
                                 "ORF", "OSF", "XSL", "XTD", "XHL", "ZSN", "ZIC", "ZFZ", "BFR",
                                 "BBF", "MNT", "MTR", "XLT", "ZST", "BSK", "SSD", "XCH", "CSB",
                                 "CPD", "PNF", "VVA", "VVE", "VVL", "SBU"};
enum { N_SINGLE = sizeof single / sizeof *single };

static const struct {
    char code[4];
    xmc_perils perils;
} groups[] = {
    {"AA1", (UINT64_C(1) << N_SINGLE) - 1},
    {"QQ1", 63},
    {"WW1", 448},
    {"WW2", 192},
    {"OO1", 1536},
    {"MM1", 1572864},
    {"XX1", 2111488},
    {"ZZ1", 4308992},
    {"XZ1", 6420480},
    {"BB1", 8650752},
    {"PP1", 268435456},
    {"GG1", 33554432},
    {"CC1", 201326592},
    {"VV1", 3758096384},
    {"XCY", XMC_PERIL_XCY},
};

static xmc_perils find(const char *code) {
    for (size_t i = 0; i < N_SINGLE; i++)
        if (!memcmp(single[i], code, 3))
            return UINT64_C(1) << i;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (!memcmp(groups[i].code, code, 3))
            return groups[i].perils;
    return 0;
}

bool xmc_perils_parse(const char *s, size_t n, xmc_perils *out) {
    xmc_perils all = 0;
    for (;;) {
        while (n && *s == ' ')
            s++, n--;
        if (n < 3)
            return false;
        xmc_perils p = find(s);
        if (!p)
            return false;
        all |= p;
        s += 3;
        n -= 3;
        while (n && *s == ' ')
            s++, n--;
        if (!n)
            break;
        if (*s != ';')
            return false;
        s++, n--;
        if (!n) /* a trailing separator */
            break;
    }
    *out = all;
    return true;
}

const char *xmc_peril_code(xmc_perils one) {
    for (size_t i = 0; i < N_SINGLE; i++)
        if (one == UINT64_C(1) << i)
            return single[i];
    return one == XMC_PERIL_XCY ? "XCY" : NULL;
}
