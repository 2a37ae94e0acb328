/* crossmc run: load, plan, say what it will take, run, write. */
#include "output/results.h"
#include "scenarios/overlay.h"
#include "sim/cli/cli.h"
#include "sim/cli/progress.h"
#include "sim/execute.h"
#include "sim/version.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *analysis, *output, *overlay;
    uint64_t trials;
    uint32_t block;
    int threads;
    bool quiet;
    bool seed_given[XMC_N_SEEDS];
    uint64_t seeds[XMC_N_SEEDS];
} arguments;

enum { OPT_TRIALS = 256, OPT_THREADS, OPT_SEED, OPT_BLOCK, OPT_ISA, OPT_OVERLAY };

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0,
     "Results file (default results.h5); written as FILE.part and renamed when complete", 0},
    {"trials", OPT_TRIALS, "N", 0, "Number of trials instead of the analysis' own", 0},
    {"threads", OPT_THREADS, "N", 0,
     "Threads (default OMP_NUM_THREADS, else all processors); the numbers do not depend on it", 0},
    {"seed", OPT_SEED, "NAME=N", 0,
     "A named seed: events, damage, credit, equity or factors; may be repeated", 0},
    {"block", OPT_BLOCK, "N", 0,
     "Trials in a block: a power of two, at least 16384; the numbers do not depend on it", 0},
    {"isa", OPT_ISA, "NAME", 0,
     "Kernels of one instruction set (default CROSSMC_ISA, else the best); the numbers do not "
     "depend on it",
     0},
    {"overlay", OPT_OVERLAY, "FILE", 0,
     "A risk-reduction programme laid over the analysis, on the same random numbers; hold the "
     "results against those without it by crossmc compare",
     0},
    {"quiet", 'q', NULL, 0, "No estimate and no progress", 0},
    {0},
};

static void parse_seed(arguments *a, const char *text, struct argp_state *state) {
    const char *eq = strchr(text, '=');
    for (int i = 0; eq && i < XMC_N_SEEDS; i++)
        if (strlen(xmc_seed_names[i]) == (size_t)(eq - text) &&
            !strncmp(text, xmc_seed_names[i], (size_t)(eq - text))) {
            a->seeds[i] = xmc_cli_number(state, "--seed", eq + 1, 0, UINT64_MAX);
            a->seed_given[i] = true;
            return;
        }
    argp_error(
        state,
        "--seed: '%s': expected NAME=N with NAME one of events, damage, credit, equity, factors",
        text);
}

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    int isa;
    switch (key) {
    case 'o':
        a->output = arg;
        break;
    case 'q':
        a->quiet = true;
        break;
    case OPT_TRIALS:
        a->trials = xmc_cli_number(state, "--trials", arg, 1, UINT32_MAX);
        break;
    case OPT_THREADS:
        a->threads = (int)xmc_cli_number(state, "--threads", arg, 1, 4096);
        break;
    case OPT_BLOCK:
        a->block = (uint32_t)xmc_cli_number(state, "--block", arg, XMC_SLICE, 1u << 24);
        if (a->block & (a->block - 1))
            argp_error(state, "--block: '%s': expected a power of two", arg);
        break;
    case OPT_ISA:
        if ((isa = xmc_cli_select_isa(arg)) != XMC_OK)
            exit(isa);
        break;
    case OPT_OVERLAY:
        a->overlay = arg;
        break;
    case OPT_SEED:
        parse_seed(a, arg, state);
        break;
    default:
        return xmc_cli_file(key, arg, state, "analysis", &a->analysis);
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "ANALYSIS.yaml",
    "Simulates an analysis and writes its year loss table and measures into one HDF5 file.\v"
    "Ctrl-C stops after the running block; nothing that looks complete is left behind.",
    0,
    0,
    0};

static volatile sig_atomic_t interrupted;
static void on_signal(int signal) {
    (void)signal;
    interrupted = 1;
}

/* A folder that cannot take the results is found before anything is read. */
static xmc_status check_folder(const char *output, xmc_diag *diag) {
    char folder[4096] = ".";
    const char *slash = strrchr(output, '/');
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == output ? 1 : (int)(slash - output),
                 output);
    if (access(folder, W_OK) == 0)
        return XMC_OK;
    return xmc_error(diag, XMC_SYSTEM, "%s: cannot write results there: %s", folder,
                     strerror(errno));
}

int xmc_cli_run(int argc, char **argv) {
    arguments a = {.output = "results.h5"};
    xmc_cli_parse(&argp, argc, argv, &a);
    /* The first signal stops at the next safe point, a second one at once; the .part stays
     * incomplete in either case. */
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    /* A file that grows beyond its limit is an error of the write call, not a death by signal. */
    signal(SIGXFSZ, SIG_IGN);

    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_analysis analysis = {0};
    xmc_status status = check_folder(a.output, &diag);
    if (status == XMC_OK)
        status = xmc_analysis_load(a.analysis, &analysis, &diag);
    if (status == XMC_OK && a.overlay)
        status = xmc_overlay_apply(a.overlay, &analysis, &diag);
    if (status == XMC_OK && interrupted)
        status = xmc_error(&diag, XMC_INTERRUPTED, "interrupted while loading");
    if (status == XMC_OK) {
        if (a.trials)
            analysis.trials = a.trials;
        for (int i = 0; i < XMC_N_SEEDS; i++)
            if (a.seed_given[i])
                analysis.seeds[i] = a.seeds[i];
        xmc_progress bar;
        xmc_progress_init(&bar, a.quiet);
        xmc_execute_options o = {.plan = {.block = a.block, .threads = xmc_cli_threads(a.threads)},
                                 .output = a.output,
                                 .log = a.quiet ? NULL : stderr,
                                 .progress = xmc_progress_show,
                                 .progress_context = &bar,
                                 .interrupted = &interrupted};
        xmc_execute_summary summary;
        status = xmc_execute(&analysis, &o, &summary, &diag);
        if (status == XMC_OK)
            printf("%s\ntrials %llu\nylt_sha256 %s\n", a.output,
                   (unsigned long long)analysis.trials, summary.ylt_sha256);
    }
    xmc_analysis_free(&analysis);
    return xmc_cli_finish(status, &diag);
}
