/* T17: what must hold exactly in every trial, and what must not change the bits. */
#include "kernels/vmath.h"
#include "sim/validate/cat_files.h"

#include <stdlib.h>
#include <string.h>

enum { LOCATIONS = 40, TRIALS = 40000 };

typedef struct {
    bool reversed, extra; /* order of the location file; with a location of no exposure */
    double scale;         /* of every amount */
} variant;

/* Forty locations of two accounts in four cells, random damage, terms, a quota share and an excess
 * layer. */
static xmc_status write_files(xmc_case *c, const variant *v) {
    char text[16384];
    int n = snprintf(
        text, sizeof text,
        "PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,LocPerilsCovered,"
        "LocCurrency,"
        "BuildingTIV,ContentsTIV,LocDed6All,LocLimit6All,FlexiLocVulnerability,FlexiLocRegion\n");
    for (int k = 0; k < LOCATIONS; k++) {
        int i = v->reversed ? LOCATIONS - 1 - k : k;
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "1,%s,%d,CN,%.2f,116.1,ORF,CNY,%.17g,%.17g,%.17g,%.17g,c,%s\n",
                      i % 3 ? "A" : "B", i + 1, 28.1 + 0.25 * (i % 4), v->scale * 65536 * (i + 1),
                      v->scale * 8192 * i, v->scale * 1024, v->scale * 1048576,
                      i % 2 ? "north" : "south");
    }
    if (v->extra)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "1,A,999,CN,28.1,116.1,ORF,CNY,0,0,0,0,c,north\n");
    xmc_status e = xmc_case_file(c, "location.csv", "%s", text);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "account.csv",
            "PortNumber,AccNumber,PolNumber,AccCurrency,PolPerilsCovered,LOB,PolInceptionDate,"
            "PolExpiryDate,LayerAttachment,LayerLimit,LayerParticipation\n"
            "1,A,P1,CNY,ORF,PROPERTY,2025-01-01,2026-12-31,%.17g,%.17g,0.75\n"
            "1,B,P2,CNY,ORF,PROPERTY,2025-01-01,2026-12-31,0,0,1\n",
            v->scale * 2048, v->scale * 4194304);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "reins_info.csv",
            "ReinsNumber,ReinsType,ReinsPeril,ReinsInceptionDate,ReinsExpiryDate,InuringPriority,"
            "ReinsCurrency,"
            "CededPercent,OccAttachment,OccLimit,Reinstatement,ReinstatementCharge,ReinsPremium\n"
            "Q,QS,AA1,2025-01-01,2026-12-31,1,CNY,0.25,0,0,0,0,0\n"
            "X,CXL,AA1,2025-01-01,2026-12-31,2,CNY,0,%.17g,%.17g,1,1,%.17g\n",
            v->scale * 262144, v->scale * 524288, v->scale * 65536);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "analysis.yaml",
            "title: invariants\ncurrency: CNY\nvaluation_date: 2025-12-31\ntrials: "
            "1000\nloss_grid: %.17g\n"
            "seeds: {events: 1, damage: 2, credit: 3, equity: 4, factors: 5}\n"
            "book:\n  lines: lines.csv\n  locations: [location.csv]\n  accounts: [account.csv]\n"
            "  reinsurance_info: reins_info.csv\n  reinsurance_scope: reins_scope.csv\n"
            "models:\n  events: events.h5\n  damage_bins: damage_bins.csv\n"
            "  vulnerability: vulnerability.csv\n  vulnerability_map: vulnerability_map.csv\n"
            "  attritional: attritional.yaml\n",
            0x1p-6 * v->scale);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "attritional.yaml",
            "lines:\n  - name: liability\n    lob: LIABILITY\n    region: north\n    frequency: 5\n"
            "    severity: {law: lognormal, mean: %.17g, cv: 2}\n    source: known answer\n",
            v->scale * 10000);
    return e;
}

/* The files that do not vary: four cells hit by 30 events with three intensities. */
static xmc_status write_fixed(xmc_case *c) {
    enum { EVENTS = 30 };
    static double rate[EVENTS], loss[EVENTS];
    for (int i = 0; i < EVENTS; i++) {
        rate[i] = 0.05;
        loss[i] = 0.01 * (i + 1);
    }
    xmc_cat_case cat = {
        .n = EVENTS, .rate = rate, .loss = loss, .tiv = 1, .cells = 4, .reinsurance = ""};
    xmc_status e = xmc_case_cat_files(c, &cat);
    if (e == XMC_OK) /* with secondary uncertainty: an atom at 0 and two uniform bins */
        e = xmc_case_file(c, "damage_bins.csv", "bin,from,to\n1,0,0\n2,0,0.2\n3,0.2,1\n");
    char text[8192];
    int n = snprintf(text, sizeof text, "function,intensity_bin,damage_bin,probability\n");
    for (int i = 1; i <= EVENTS; i++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "f,%d,1,%.17g\nf,%d,2,%.17g\nf,%d,3,%.17g\n", i, (32. - i) / 64, i, 0.5, i,
                      i / 64.);
    if (e == XMC_OK)
        e = xmc_case_file(c, "vulnerability.csv", "%s", text);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "lines.csv",
            "lob,segment,cross_line\nPROPERTY,property,property\nLIABILITY,liability,liability\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "reins_scope.csv",
                          "ReinsNumber,PortNumber,AccNumber,LOB\nQ,,,PROPERTY\nX,,,PROPERTY\n");
    return e;
}

static xmc_status column(xmc_case *c, const char *name, size_t row, double *out) {
    return xmc_results_column(c->results, name, row, out, c->diag);
}

/* net = gross - ceded, total = sum of segments, largest occurrence <= year: counts the trials that
 * break it. */
static xmc_status check_sums(xmc_case *c) {
    const size_t n = TRIALS;
    double *gross = malloc(5 * n * sizeof *gross);
    if (!gross)
        return xmc_no_memory(c->diag, 5 * n * sizeof *gross, "columns");
    double *ceded = gross + n, *net = gross + 2 * n, *sum = gross + 3 * n, *one = gross + 4 * n;
    size_t broken_net = 0, broken_total = 0, broken_occ = 0, broken_recovery = 0;
    xmc_status e = XMC_OK;
    static const char *const risks[] = {"cat", "attritional"};
    for (int r = 0; r < 2 && e == XMC_OK; r++) {
        char name[3][64];
        snprintf(name[0], 64, "%s_gross", risks[r]);
        snprintf(name[1], 64, "%s_ceded", risks[r]);
        snprintf(name[2], 64, "%s_net", risks[r]);
        if ((e = column(c, name[0], 0, gross)) != XMC_OK ||
            (e = column(c, name[1], 0, ceded)) != XMC_OK ||
            (e = column(c, name[2], 0, net)) != XMC_OK)
            break;
        for (size_t t = 0; t < n; t++)
            broken_net += net[t] != gross[t] - ceded[t];
        if (r > 0)
            continue;
        if ((e = column(c, "cat_gross_max_occ", 0, one)) != XMC_OK)
            break;
        for (size_t t = 0; t < n; t++)
            broken_occ += one[t] > gross[t];
        /* ceded = recoveries less reinstatement premium */
        memset(sum, 0, n * sizeof *sum);
        for (size_t k = 0; k < xmc_results_n_treaties(c->results) && e == XMC_OK; k++)
            if ((e = column(c, "treaty", k, one)) == XMC_OK)
                for (size_t t = 0; t < n; t++)
                    sum[t] += one[t];
        if (e == XMC_OK && (e = column(c, "reinstatement_premium", 0, one)) == XMC_OK)
            for (size_t t = 0; t < n; t++)
                broken_recovery += ceded[t] != sum[t] - one[t];
    }
    memset(sum, 0, n * sizeof *sum);
    for (size_t s = 0; s < xmc_results_n_segments(c->results) && e == XMC_OK; s++)
        if ((e = column(c, "segment_net", s, one)) == XMC_OK)
            for (size_t t = 0; t < n; t++)
                sum[t] += one[t];
    if (e == XMC_OK && (e = column(c, "total", 0, net)) == XMC_OK)
        for (size_t t = 0; t < n; t++)
            broken_total += sum[t] != net[t];
    free(gross);
    if (e != XMC_OK)
        return e;
    xmc_case_exact(c, "net = gross - ceded in every trial", broken_net == 0, "%zu of %zu broken",
                   broken_net, n);
    xmc_case_exact(c, "ceded = recoveries - reinstatement premium", broken_recovery == 0,
                   "%zu of %zu broken", broken_recovery, n);
    xmc_case_exact(c, "total = sum of segments in every trial", broken_total == 0,
                   "%zu of %zu broken", broken_total, n);
    xmc_case_exact(c, "largest occurrence <= year in every trial", broken_occ == 0,
                   "%zu of %zu broken", broken_occ, n);
    return XMC_OK;
}

xmc_status xmc_case_invariants(xmc_case *c) {
    const variant plain = {.scale = 1};
    char base[65], other[65];
    xmc_status e = write_fixed(c);
    if (e == XMC_OK)
        e = write_files(c, &plain);
    if (e == XMC_OK)
        e = xmc_case_run(c, 0, TRIALS, 1, 0, base);
    if (e == XMC_OK)
        e = check_sums(c);
    static const struct {
        const char *what;
        int threads;
        uint32_t block;
        variant v;
    } same[] = {
        {"2 threads: same bits", 2, 0, {.scale = 1}},
        {"3 threads: same bits", 3, 0, {.scale = 1}},
        {"8 threads: same bits", 8, 0, {.scale = 1}},
        {"block of 16384: same bits", 2, 16384, {.scale = 1}},
        {"block of 32768: same bits", 2, 32768, {.scale = 1}},
        {"locations permuted: same bits", 2, 0, {.scale = 1, .reversed = true}},
        {"location without exposure added: same bits", 2, 0, {.scale = 1, .extra = true}},
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0] && e == XMC_OK; i++) {
        e = write_files(c, &same[i].v);
        if (e == XMC_OK)
            e = xmc_case_run(c, 0, TRIALS, same[i].threads, same[i].block, other);
        if (e == XMC_OK)
            xmc_case_exact(c, same[i].what, strcmp(base, other) == 0, "%.12s %.12s", base, other);
    }
    if (e == XMC_OK)
        e = xmc_case_run(c, 1, TRIALS, 2, 0, other);
    if (e == XMC_OK)
        xmc_case_exact(c, "other seeds: other bits", strcmp(base, other) != 0, "%.12s %.12s", base,
                       other);
    /* Everything times a power of two, the grid too: every loss exactly that multiple, so the total
     * column is. */
    double *once = malloc(2 * TRIALS * sizeof *once);
    if (!once)
        return xmc_no_memory(c->diag, 2 * TRIALS * sizeof *once, "columns");
    const variant fourfold = {.scale = 4};
    /* The plain files come last, so that --keep leaves them. */
    if (e == XMC_OK && (e = write_files(c, &fourfold)) == XMC_OK &&
        (e = xmc_case_run(c, 0, TRIALS, 2, 0, NULL)) == XMC_OK &&
        (e = column(c, "total", 0, once + TRIALS)) == XMC_OK &&
        (e = write_files(c, &plain)) == XMC_OK &&
        (e = xmc_case_run(c, 0, TRIALS, 2, 0, NULL)) == XMC_OK)
        e = column(c, "total", 0, once);
    double worst = 0;
    for (size_t t = 0; t < TRIALS && e == XMC_OK; t++) {
        double d = fabs(once[TRIALS + t] - 4 * once[t]);
        worst = d > worst ? d : worst;
    }
    free(once);
    /* The attritional lognormal's mu is log(4) off, which rounds: to grid tolerance. */
    if (e == XMC_OK)
        xmc_case_exact(c, "amounts times 4: losses times 4", worst <= 0x1p-6 * 4 * 8,
                       "largest difference %g", worst);
    return e;
}
