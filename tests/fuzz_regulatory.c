/* Fuzz target: a company sheet ('c'), full rules ('r') or a delta ('d', by the first byte) of any
 * bytes. It must end in a minimum of finite amounts, or in messages. */
#include "output/regulatory.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];
static const char *const files[] = {"company.yaml", "c-ross-2021.yaml", "own.yaml"};

static void require(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static const char *in_folder(const char *name, char *path) {
    snprintf(path, 128, "%s/%s", folder, name);
    return path;
}

static void remove_folder(void) {
    char path[128];
    for (int i = 0; i < 3; i++)
        unlink(in_folder(files[i], path));
    rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char from[] = CROSSMC_SOURCE_DIR "/tests/data/fuzz/regulatory/sheet.yaml";
    static const char rules_from[] = CROSSMC_SOURCE_DIR "/scenarios/rules/c-ross-2021.yaml";
    char path[128], sheet[128];
    if (size < 1)
        return 0;
    if (!*folder) {
        snprintf(folder, sizeof folder, "/tmp/crossmc_fuzz_XXXXXX");
        require(mkdtemp(folder) != NULL, "folder");
        atexit(remove_folder);
        require(symlink(rules_from, in_folder(files[1], path)) == 0, "link");
    }
    int which = data[0] == 'c' ? 0 : data[0] == 'r' ? 1 : 2;
    in_folder(which == 1 ? "own.yaml" : files[which], path);
    unlink(path);
    FILE *f = fopen(path, "wb");
    require(f && fwrite(data + 1, 1, size - 1, f) == size - 1 && fclose(f) == 0, "file");
    snprintf(sheet, sizeof sheet, "%s", path);
    xmc_rules *rules = NULL;
    xmc_company *company = NULL;
    xmc_reg_tree t = {0};
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_status st = xmc_rules_load(which ? path : rules_from, NULL, &rules, &d);
    require((st == XMC_OK) == (d.n_errors == 0), "rules: status and messages agree");
    if (st == XMC_OK) {
        st = xmc_company_load(which ? from : sheet, &company, &d);
        require((st == XMC_OK) == (d.n_errors == 0), "sheet: status and messages agree");
    }
    if (st == XMC_OK) {
        st = xmc_regulatory_compute(rules, company, NULL, &t, &d);
        require((st == XMC_OK) == (d.n_errors == 0), "minimum: status and messages agree");
        for (size_t i = 0; i < t.n_nodes; i++) {
            require(isfinite(t.nodes[i].amount), "amount");
            require(t.nodes[i].parent == SIZE_MAX || t.nodes[i].parent < i, "order of nodes");
        }
    }
    xmc_reg_tree_free(&t);
    xmc_company_free(company);
    xmc_rules_free(rules);
    xmc_diag_free(&d);
    return 0;
}
