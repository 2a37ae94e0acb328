#include "sim/cli/cli.h"

#include "kernels/selfcheck.h"

#include <errno.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

int xmc_cli_finish(xmc_status status, xmc_diag *diag) {
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == XMC_OK)
        status = xmc_error(diag, XMC_SYSTEM, "standard output: %s", strerror(errno ? errno : EIO));
    xmc_diag_print(diag, stderr);
    xmc_diag_free(diag);
    return (int)status;
}

void xmc_cli_parse(const struct argp *argp, int argc, char **argv, void *input) {
    argp_err_exit_status = XMC_USAGE;
    if (argp_parse(argp, argc, argv, 0, NULL, input) != 0)
        exit(XMC_USAGE);
}

error_t xmc_cli_file(int key, char *arg, struct argp_state *state, const char *what,
                     const char **file) {
    if (key == ARGP_KEY_ARG) {
        if (state->arg_num > 0)
            argp_error(state, "one %s at a time: '%s' is one too many", what, arg);
        *file = arg;
        return 0;
    }
    if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    if (!*file)
        argp_error(state, "which %s?", what);
    return 0;
}

void xmc_cli_action(struct argp_state *state, const char *arg, const char **action,
                    const char **file) {
    if (state->arg_num == 0)
        *action = arg;
    else if (state->arg_num == 1)
        *file = arg;
    else
        argp_error(state, "'%s' is one argument too many", arg);
}

bool xmc_cli_csv(struct argp_state *state, const char *arg) {
    const bool csv = strcmp(arg, "csv") == 0;
    if (!csv && strcmp(arg, "text") != 0)
        argp_error(state, "--format: '%s': expected text or csv", arg);
    return csv;
}

uint64_t xmc_cli_number(struct argp_state *state, const char *option, const char *text,
                        uint64_t low, uint64_t high) {
    char *end = NULL;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || v < low || v > high)
        argp_error(state, "%s: '%s': expected a whole number from %llu to %llu", option, text,
                   (unsigned long long)low, (unsigned long long)high);
    return v;
}

int xmc_cli_threads(int option) {
    return option > 0 ? option : omp_get_max_threads();
}

/* "; avx512 needs …, of which … is missing" of each target of the build that cannot run here. */
static void print_missing(FILE *f, const char *separator) {
    const xmc_kernels *const *built, *const *targets;
    const size_t n_built = xmc_kernels_built(&built);
    for (size_t t = xmc_kernels_available(&targets); t < n_built; t++) {
        xmc_kernels_feature feature[XMC_KERNELS_FEATURES];
        const size_t n = xmc_kernels_needs(t, feature);
        fprintf(f, "%s%s: the processor lacks", separator, built[t]->isa);
        const char *comma = " ";
        for (size_t i = 0; i < n; i++)
            if (!feature[i].present) {
                fprintf(f, "%s%s", comma, feature[i].name);
                comma = ", ";
            }
    }
}

int xmc_cli_select_isa(const char *name) {
    const xmc_kernels *const *targets;
    const xmc_kernels *chosen = name && !*name ? NULL : xmc_kernels_select(name);
    const size_t n = xmc_kernels_available(&targets);
    if (!chosen) {
        fprintf(stderr, "error: %s: this processor or build has no kernels for '%s'; it has",
                name ? "--isa" : "CROSSMC_ISA", name ? name : getenv("CROSSMC_ISA"));
        for (size_t i = 0; i < n; i++)
            fprintf(stderr, "%s %s", i ? "," : "", targets[i]->isa);
        print_missing(stderr, "; ");
        fprintf(stderr, "\n");
        return XMC_USAGE;
    }
    const xmc_selfcheck_result check = xmc_selfcheck(chosen);
    if (check.what) {
        fprintf(stderr,
                "error: self-check: %s gives %#018llx, expected %#018llx, with the kernels for %s; "
                "the results would be wrong. Usual cause: %s\n",
                check.what, (unsigned long long)check.hash, (unsigned long long)check.expected,
                chosen->isa, check.because);
        return XMC_FAILED;
    }
    return XMC_OK;
}

void xmc_cli_print_isa(FILE *f) {
    const xmc_kernels *const *targets;
    const size_t n = xmc_kernels_available(&targets);
    const char *asked = getenv("CROSSMC_ISA");
    fprintf(f, "kernels %s (", xmc_kernels_active()->isa);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s%s", i ? ", " : "this processor can run: ", targets[i]->isa);
    fprintf(f, "; %s", asked && *asked ? "asked for by CROSSMC_ISA" : "the best one is chosen");
    print_missing(f, "; ");
    fprintf(f, ")\nself-check passed\n");
}
