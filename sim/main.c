/* The program: names the commands and hands over. */
#include "sim/cli/cli.h"
#include "sim/version.h"

#include <H5public.h>
#include <omp.h>
#include <string.h>

typedef struct {
    const char *name, *what;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    {"run", "simulate an analysis and write its results file", xmc_cli_run},
    {"report", "print a results file: capital at risk beside the regulatory minimum",
     xmc_cli_report},
    {"compare", "hold two results files against each other, trial by trial", xmc_cli_compare},
    {"regulatory", "compute the factor-based minimum capital of C-ROSS II", xmc_cli_regulatory},
    {"book", "generate or check a book, or try its terms on given losses", xmc_cli_book},
    {"hazard", "import hazard models of others into event sets", xmc_cli_hazard},
    {"validate", "run the known-answer cases and print a dated report", xmc_cli_validate},
    {"bench", "measure this machine: kernels, selection, writing, credit", xmc_cli_bench},
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void usage(FILE *f) {
    fprintf(f, "Usage: crossmc COMMAND [ARGUMENTS]\n\n"
               "Simulates an insurer's joint year of catastrophe, export credit and equity losses, "
               "and holds the\n"
               "capital that its tail calls for against the factor-based minimum of C-ROSS "
               "II.\n\nCommands:\n");
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(f, "  %-11s %s\n", commands[i].name, commands[i].what);
    fprintf(f, "\n`crossmc COMMAND --help` says more. First use:\n"
               "  crossmc book generate scenarios/demo/book.yaml -o scenarios/demo/generated\n"
               "  crossmc run scenarios/demo/analysis.yaml -o demo.h5\n"
               "  crossmc report demo.h5\n\n"
               "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 bad input, 4 file or system "
               "trouble, 130 interrupted.\n");
}

static void version(void) {
    unsigned major, minor, release;
    H5get_libversion(&major, &minor, &release);
    printf("crossmc %s\ncompiler %s\nHDF5 %u.%u.%u\nOpenMP %d, %d processors\n", XMC_VERSION,
           XMC_COMPILER, major, minor, release, _OPENMP, omp_get_num_procs());
    xmc_cli_print_isa(stdout);
}

/* SLEEF's deterministic functions, and with them every number, need fused multiply-add. */
static bool processor_serves(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("fma");
#else
    return true;
#endif
}

int main(int argc, char **argv) {
    if (!processor_serves()) {
        fprintf(stderr, "error: crossmc needs a processor with fused multiply-add (FMA)\n");
        return XMC_FAILED;
    }
    const int isa = xmc_cli_select_isa(NULL);
    if (isa)
        return isa;
    if (argc < 2) {
        usage(stderr);
        return XMC_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return fflush(stdout) ? XMC_SYSTEM : XMC_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        version();
        return fflush(stdout) ? XMC_SYSTEM : XMC_OK;
    }
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            char name[64];
            snprintf(name, sizeof name, "crossmc %s", commands[i].name);
            argv[1] = name;
            return commands[i].run(argc - 1, argv + 1);
        }
    fprintf(stderr, "crossmc: no command '%s'\n\n", argv[1]);
    usage(stderr);
    return XMC_USAGE;
}
