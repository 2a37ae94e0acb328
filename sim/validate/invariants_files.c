#include "sim/validate/invariants_files.h"
#include "sim/validate/cat_files.h"

#include <stdarg.h>

enum { LOCATIONS = 40, OBLIGORS = 60, SIZE = 16384 };

typedef struct {
    char text[SIZE];
    size_t used;
} page;

static void add(page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(page *p, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(p->text + p->used, SIZE - p->used, fmt, ap);
    va_end(ap);
    p->used += n > 0 && p->used + (size_t)n < SIZE ? (size_t)n : 0;
}

/* Forty locations of two accounts in four cells. */
static xmc_status write_locations(xmc_case *c, const xmc_invariant_files *v) {
    page p = {.used = 0};
    char terms[64] = ",";
    if (v->terms == XMC_TERMS_USUAL)
        snprintf(terms, sizeof terms, "%.17g,%.17g", v->scale * 1024, v->scale * 1048576);
    else if (v->terms == XMC_TERMS_WIDE)
        snprintf(terms, sizeof terms, "0,%.17g", 0x1p50);
    add(&p, "PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,LocPerilsCovered,"
            "LocCurrency,BuildingTIV,ContentsTIV,LocDed6All,LocLimit6All,FlexiLocVulnerability,"
            "FlexiLocRegion\n");
    for (int k = 0; k < LOCATIONS; k++) {
        int i = v->locations_reversed ? LOCATIONS - 1 - k : k;
        char account = i % 3 ? 'A' : 'B';
        add(&p, "1,%c,%d,CN,%.2f,116.1,ORF,CNY,%.17g,%.17g,%s,c,%s\n", account, i + 1,
            28.1 + 0.25 * (i % 4), v->scale * 65536 * (i + 1), v->scale * 8192 * i, terms,
            i % 2 ? "north" : "south");
    }
    if (v->extra)
        add(&p, "1,A,999,CN,28.1,116.1,ORF,CNY,0,0,0,0,c,north\n");
    return xmc_case_file(c, "location.csv", "%s", p.text);
}

/* Two layers over account A, of which the second sits on the first, and one policy of account B. */
static xmc_status write_policies(xmc_case *c, const xmc_invariant_files *v) {
    enum { POLICIES = 3 };
    char row[POLICIES][96];
    static const char account[POLICIES] = {'A', 'A', 'B'};
    static const char *const id[POLICIES] = {"P1", "P1", "P2"};
    static const int layer[POLICIES] = {1, 2, 1};
    for (int k = 0; k < POLICIES; k++)
        if (v->terms == XMC_TERMS_NONE)
            snprintf(row[k], sizeof row[k], ",,");
        else if (v->terms == XMC_TERMS_WIDE)
            snprintf(row[k], sizeof row[k], "0,%.17g,1", 0x1p50);
        else if (account[k] == 'B')
            snprintf(row[k], sizeof row[k], "0,0,1");
        else
            snprintf(row[k], sizeof row[k], "%.17g,%.17g,%s",
                     v->scale * (layer[k] == 1 ? 2048 : 526336), v->scale * 524288 * layer[k],
                     layer[k] == 1 ? "0.75" : "0.5");
    page p = {.used = 0};
    add(&p, "PortNumber,AccNumber,PolNumber,LayerNumber,AccCurrency,PolPerilsCovered,LOB,"
            "PolInceptionDate,PolExpiryDate,LayerAttachment,LayerLimit,LayerParticipation\n");
    for (int k = 0; k < POLICIES; k++) {
        int i = v->policies_reversed ? POLICIES - 1 - k : k;
        /* Without terms a second layer would cover everything twice. */
        bool twice = layer[i] == 2 && v->terms != XMC_TERMS_USUAL;
        if (!twice)
            add(&p, "1,%c,%s,%d,CNY,ORF,PROPERTY,2025-01-01,2026-12-31,%s\n", account[i], id[i],
                layer[i], row[i]);
    }
    return xmc_case_file(c, "account.csv", "%s", p.text);
}

/* A quota share of two lines and an excess layer with a reinstatement. */
static xmc_status write_treaties(xmc_case *c, const xmc_invariant_files *v) {
    page p = {.used = 0};
    add(&p, "ReinsNumber,ReinsType,ReinsPeril,ReinsInceptionDate,ReinsExpiryDate,InuringPriority,"
            "ReinsCurrency,CededPercent,OccAttachment,OccLimit,Reinstatement,ReinstatementCharge,"
            "ReinsPremium\n");
    if (v->treaties == XMC_TREATIES_ALL)
        add(&p, "X,CXL,AA1,2025-01-01,2026-12-31,1,CNY,0,0,%.17g,0,0,0\n", 0x1p50);
    else
        add(&p,
            "Q,QS,AA1,2025-01-01,2026-12-31,1,CNY,0.25,0,0,0,0,0\n"
            "X,CXL,AA1,2025-01-01,2026-12-31,2,CNY,0,%.17g,%.17g,1,1,%.17g\n",
            v->scale * 262144, v->scale * 524288, v->scale * 65536);
    xmc_status e = xmc_case_file(c, "reins_info.csv", "%s", p.text);
    if (e == XMC_OK)
        e = xmc_case_file(c, "reins_scope.csv",
                          "ReinsNumber,PortNumber,AccNumber,LOB\n%sX,,,PROPERTY\n",
                          v->treaties == XMC_TREATIES_ALL ? "" : "Q,,,PROPERTY\nQ,,,GUARANTEE\n");
    return e;
}

/* Sixty obligors of three sectors under two policies, one of them with limits. */
static xmc_status write_credit(xmc_case *c, const xmc_invariant_files *v) {
    xmc_status e =
        xmc_case_file(c, "credit_policies.csv",
                      "policy_id,LOB,basis,inception,expiry,aggregate_limit,aggregate_first_loss\n"
                      "C1,GUARANTEE,revolving,2025-01-01,2026-12-31,%.17g,%.17g\n"
                      "C2,GUARANTEE,run_off,2025-01-01,2026-12-31,,\n",
                      v->scale * 262144, v->scale * 4096);
    page p = {.used = 0};
    add(&p, "obligor_id,policy_id,country,sector,region,currency,exposure,covered_share,"
            "probability,tenor_months,loss_class,loan_type\n");
    for (int k = 0; k < OBLIGORS; k++) {
        int i = v->obligors_reversed ? OBLIGORS - 1 - k : k;
        add(&p, "o%d,C%d,CHN,s%d,%s,CNY,%.17g,0.75,%.17g,%d,all,corporate\n", i + 1, 1 + i % 2,
            1 + i % 3, i % 5 ? "north" : "south", v->scale * 8192 * (1 + i % 7), 0.01 * (1 + i % 4),
            6 + i % 12);
    }
    return e == XMC_OK ? xmc_case_file(c, "obligors.csv", "%s", p.text) : e;
}

static xmc_status write_holdings(xmc_case *c, const xmc_invariant_files *v) {
    page p = {.used = 0};
    add(&p, "instrument_id,date,quantity,price\n");
    static const double quantity[] = {65536, 32768, 16384};
    for (int k = 0; k < 3; k++)
        add(&p, "%c,2020-01-02,%.17g,8\n", "abc"[k], v -> scale *quantity[k]);
    return xmc_case_file(c, "lots.csv", "%s", p.text);
}

static xmc_status write_analysis(xmc_case *c, const xmc_invariant_files *v) {
    return xmc_case_file(
        c, "analysis.yaml",
        "title: invariants\ncurrency: CNY\nvaluation_date: 2025-12-31\ntrials: 1000\n"
        "loss_grid: %.17g\nseeds: {events: 1, damage: 2, credit: 3, equity: 4, factors: 5}\n"
        "book:\n  lines: lines.csv\n  locations: [location.csv]\n  accounts: [account.csv]\n%s"
        "  credit_policies: credit_policies.csv\n  obligors: [obligors.csv]\n"
        "  instruments: instruments.csv\n  lots: [lots.csv]\n"
        "models:\n  credit: credit.yaml\n  equity: equity.yaml\n"
        "  events: events.h5\n  damage_bins: damage_bins.csv\n"
        "  vulnerability: vulnerability.csv\n  vulnerability_map: vulnerability_map.csv\n"
        "  attritional: attritional.yaml\n",
        0x1p-6 * v->scale,
        v->treaties == XMC_TREATIES_NONE
            ? ""
            : "  reinsurance_info: reins_info.csv\n  reinsurance_scope: reins_scope.csv\n");
}

xmc_status xmc_invariants_vary(xmc_case *c, const xmc_invariant_files *v) {
    xmc_status e = write_locations(c, v);
    if (e == XMC_OK)
        e = write_policies(c, v);
    if (e == XMC_OK)
        e = write_treaties(c, v);
    if (e == XMC_OK)
        e = write_credit(c, v);
    if (e == XMC_OK)
        e = write_holdings(c, v);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "attritional.yaml",
            "lines:\n  - name: liability\n    lob: LIABILITY\n    region: north\n    frequency: 5\n"
            "    severity: {law: lognormal, mean: %.17g, cv: 2}\n    source: known answer\n",
            v->scale * 10000);
    return e == XMC_OK ? write_analysis(c, v) : e;
}

/* Four cells hit by 30 events with as many intensities. */
static xmc_status fixed_catastrophe(xmc_case *c) {
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
    page p = {.used = 0};
    add(&p, "function,intensity_bin,damage_bin,probability\n");
    for (int i = 1; i <= EVENTS; i++)
        add(&p, "f,%d,1,%.17g\nf,%d,2,%.17g\nf,%d,3,%.17g\n", i, (32. - i) / 64, i, 0.5, i,
            i / 64.);
    return e == XMC_OK ? xmc_case_file(c, "vulnerability.csv", "%s", p.text) : e;
}

xmc_status xmc_invariants_fixed(xmc_case *c) {
    xmc_status e = fixed_catastrophe(c);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "lines.csv",
            "lob,segment,cross_line\nPROPERTY,property,property\nLIABILITY,liability,liability\n"
            "GUARANTEE,guarantee,financing\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "credit.yaml",
                          "copula: student\ndegrees_of_freedom: 8\nprobability_floor: 0.0001\n"
                          "ratings: {BBB: 0.01}\nsectors: [s1, s2, s3]\n"
                          "countries:\n  - {code: CHN, oecd_class: 0, transfer_probability: 0}\n"
                          "loadings:\n  export: {global: 0.1, country: 0.05, sector: 0.05}\n"
                          "  guarantee: {global: 0.1, country: 0.05, sector: 0.05}\n"
                          "macro_share: 0.25\n"
                          "transfer: {loading: 0, loss_mean: 0.5, loss_sd: 0.1}\n"
                          "loss_classes:\n  - {name: all, mean: 0.5, sd: 0.25}\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "equity.yaml",
                          "degrees_of_freedom: 6\nidio_degrees_of_freedom: 5\nindices:\n"
                          "  - {name: A, volatility: 0.2, macro_weight: 1}\n"
                          "  - {name: B, volatility: 0.2, macro_weight: 1}\n"
                          "  - {name: C, volatility: 0.3, macro_weight: 0}\n"
                          "correlation:\n  - [1, 0.25, 0.25]\n  - [0.25, 1, 0.25]\n"
                          "  - [0.25, 0.25, 1]\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "instruments.csv",
                          "instrument_id,board,csi300,div_low_vol_100,index,beta,idio_vol,price\n"
                          "a,main_sh,0,0,A,1,0.25,10\nb,chinext,0,0,B,1.25,0.25,10\n"
                          "c,star,0,0,C,0.75,0,10\n");
    return e;
}
