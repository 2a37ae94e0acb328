#include "sim/cli/cli.h"

#include "kernels/dispatch.h"

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

bool xmc_cli_select_isa(const char *name) {
    if (xmc_kernels_select(name))
        return true;
    const xmc_kernels *const *targets;
    size_t n = xmc_kernels_available(&targets);
    fprintf(stderr, "error: this processor or build has no kernels for '%s'; it has",
            name ? name : getenv("CROSSMC_ISA"));
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, "%s %s", i ? "," : "", targets[i]->isa);
    fprintf(stderr, "\n");
    return false;
}
