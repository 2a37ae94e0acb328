#include "sim/validate/validate.h"
#include "sim/validate/case.h"
#include "sim/version.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name, *title;
    xmc_status (*run)(xmc_case *c);
} cases[] = {
    {"T1", "compound Poisson: gamma and lognormal severities (T1, T2)", xmc_case_compound},
    {"T3", "discrete event table: AEP, OEP, layer with reinstatement", xmc_case_event_table},
    {"T4", "continuous OEP and Pareto layers (T4, T5)", xmc_case_occurrence},
    {"T6", "reinstatements under total losses", xmc_case_reinstatement},
    {"T8", "beta losses, Vasicek's large pool and finite pools (T7 to T9)", xmc_case_credit_pool},
    {"T10", "large pool under a Student t copula", xmc_case_credit_student},
    {"T11", "CreditRisk+: negative binomial, and an uneven book", xmc_case_credit_plus},
    {"T12", "Gaussian and Student factors, Euler allocation (T12, T13)", xmc_case_equity},
    {"T12b", "daily and jump models of equity: t and mixture quantiles, E[S1/S0] = 1",
     xmc_case_equity_models},
    {"T14", "coverage of the limits of VaR and TVaR", xmc_case_intervals},
    {"T15", "random streams", xmc_case_streams},
    {"T16", "importance sampling of credit", xmc_case_importance},
    {"T18", "rating migration over a year and beyond", xmc_case_migration},
    {"T17", "structural invariants", xmc_case_invariants},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *walk) {
    (void)s, (void)type, (void)walk;
    return remove(path);
}

static void say_where(FILE *f) {
    char date[64] = "";
    time_t now = time(NULL);
    struct tm tm;
    if (gmtime_r(&now, &tm))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &tm);
    struct utsname host = {0};
    uname(&host);
    fprintf(f, "crossmc %s, validation report of %s\n%s, %s %s, %s\n", XMC_VERSION, date,
            XMC_COMPILER, host.sysname, host.release, host.machine);
}

xmc_status xmc_validate(const xmc_validate_options *o, unsigned *failed, xmc_diag *diag) {
    char temporary[] = "/tmp/crossmc-validate-XXXXXX";
    const char *folder = o->folder;
    if (folder ? mkdir(folder, 0777) != 0 && access(folder, W_OK) != 0
               : !(folder = mkdtemp(temporary)))
        return xmc_file_error(diag, folder ? folder : temporary, "making the cases' folder");
    say_where(o->out);
    fprintf(
        o->out,
        "A quantity passes when each of %d seeds and their mean lie within 4 standard errors.\n",
        XMC_VALIDATE_SEEDS);
    *failed = 0;
    xmc_status status = XMC_OK;
    unsigned ran = 0, checks = 0;
    for (int i = 0; i < N_CASES && status == XMC_OK; i++) {
        if (o->only && strcmp(o->only, cases[i].name) != 0)
            continue;
        ran++;
        fprintf(o->out, "\n%s: %s\n%-4s %-46s %16s %16s %12s %7s %7s  %s\n", cases[i].name,
                cases[i].title, "case", "quantity", "value", "expected", "std error", "z",
                "max |z|", "verdict");
        xmc_case c = {.options = o,
                      .name = cases[i].name,
                      .trials = o->trials ? o->trials : 100000,
                      .diag = diag};
        snprintf(c.folder, sizeof c.folder, "%s/%s", folder, cases[i].name);
        c.column = malloc(2 * c.trials * sizeof(double)); /* the second half is scratch */
        if (!c.column)
            status = xmc_no_memory(diag, 2 * c.trials * sizeof(double),
                                   "a column of the year loss table");
        else if (mkdir(c.folder, 0777) != 0 && access(c.folder, W_OK) != 0)
            status = xmc_file_error(diag, c.folder, "making the case's folder");
        else
            status = cases[i].run(&c);
        xmc_results_close(c.results);
        free(c.column);
        *failed += c.failed;
        checks += c.checks;
    }
    if (!ran)
        status = xmc_error(
            diag, XMC_USAGE,
            "no case '%s': expected T1, T3, T4, T6, T8, T10, T12, T14, T15, T16 or T17", o->only);
    fprintf(o->out, "\n%u checks, %u failed\n", checks, *failed);
    if (!o->folder)
        nftw(temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return status;
}
