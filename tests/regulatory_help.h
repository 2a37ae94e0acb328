/* Shared by the tests of the regulatory minimum: sheets and rules from text. */
#ifndef CROSSMC_TESTS_REGULATORY_HELP_H
#define CROSSMC_TESTS_REGULATORY_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/regulatory.h"

#define RULES_FOLDER CROSSMC_SOURCE_DIR "/scenarios/rules"

/* Writes text to a new temporary file; the name is put into path[64]. */
static inline void write_temporary(const char *text, char *path) {
    strcpy(path, "/tmp/crossmc-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0, 1);
    assert_int_equal(fclose(f), 0);
}

static inline xmc_status compute_file(const char *version, const char *path,
                                      const xmc_reg_book *book, xmc_reg_tree *t, xmc_diag *diag) {
    xmc_rules *rules = NULL;
    xmc_company *company = NULL;
    *t = (xmc_reg_tree){0};
    xmc_status st = xmc_rules_load(RULES_FOLDER, version, &rules, diag);
    if (st == XMC_OK)
        st = xmc_company_load(path, &company, diag);
    if (st == XMC_OK)
        st = xmc_regulatory_compute(rules, company, book, t, diag);
    xmc_rules_free(rules);
    xmc_company_free(company);
    return st;
}

static inline xmc_status compute_sheet(const char *version, const char *sheet,
                                       const xmc_reg_book *book, xmc_reg_tree *t, xmc_diag *diag) {
    char path[64];
    write_temporary(sheet, path);
    xmc_status st = compute_file(version, path, book, t, diag);
    unlink(path);
    return st;
}

#endif
