/* Treaties: OED's reinsurance info file. */
#include "scenarios/reinsurance.h"
#include "scenarios/common/parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER,
    NAME,
    TYPE,
    PERIL,
    INCEPTION,
    EXPIRY,
    PRIORITY,
    CURRENCY,
    CEDED,
    PLACED,
    SHARE,
    LEVEL,
    RISK_ATTACHMENT,
    RISK_LIMIT,
    OCC_ATTACHMENT,
    OCC_LIMIT,
    FRANCHISE,
    REVERSE,
    AGG_ATTACHMENT,
    AGG_LIMIT,
    AGG_PERIOD,
    REINSTATEMENT,
    CHARGE,
    BASIS,
    PREMIUM,
    HOURS,
    ATTACHING,
    USE_DATES,
    N
};
static const xmc_column info_columns[N] = {
    [NUMBER] = {"ReinsNumber", true},
    [NAME] = {"ReinsName", false},
    [TYPE] = {"ReinsType", true},
    [PERIL] = {"ReinsPeril", true},
    [INCEPTION] = {"ReinsInceptionDate", false},
    [EXPIRY] = {"ReinsExpiryDate", false},
    [PRIORITY] = {"InuringPriority", true},
    [CURRENCY] = {"ReinsCurrency", true},
    [CEDED] = {"CededPercent", false},
    [PLACED] = {"PlacedPercent", false},
    [SHARE] = {"TreatyShare", false},
    [LEVEL] = {"RiskLevel", false},
    [RISK_ATTACHMENT] = {"RiskAttachment", false},
    [RISK_LIMIT] = {"RiskLimit", false},
    [OCC_ATTACHMENT] = {"OccAttachment", false},
    [OCC_LIMIT] = {"OccLimit", false},
    [FRANCHISE] = {"OccFranchiseDed", false},
    [REVERSE] = {"OccReverseFranchise", false},
    [AGG_ATTACHMENT] = {"AggAttachment", false},
    [AGG_LIMIT] = {"AggLimit", false},
    [AGG_PERIOD] = {"AggPeriod", false},
    [REINSTATEMENT] = {"Reinstatement", false},
    [CHARGE] = {"ReinstatementCharge", false},
    [BASIS] = {"ReinstatementBasis", false},
    [PREMIUM] = {"ReinsPremium", false},
    [HOURS] = {"HoursClause", false},
    [ATTACHING] = {"AttachmentBasis", false},
    [USE_DATES] = {"UseReinsDates", false},
};

const char *const xmc_treaty_type_names[XMC_N_TREATY_TYPES] = {
    [XMC_TREATY_QS] = "QS",   [XMC_TREATY_CXL] = "CXL", [XMC_TREATY_SL] = "SL",
    [XMC_TREATY_FAC] = "FAC", [XMC_TREATY_SS] = "SS",   [XMC_TREATY_PR] = "PR",
    [XMC_TREATY_AXL] = "AXL"};

/* The types that have a term, as bits. */
enum {
    QS = 1 << XMC_TREATY_QS,
    CXL = 1 << XMC_TREATY_CXL,
    SL = 1 << XMC_TREATY_SL,
    FAC = 1 << XMC_TREATY_FAC,
    SS = 1 << XMC_TREATY_SS,
    PR = 1 << XMC_TREATY_PR,
    AXL = 1 << XMC_TREATY_AXL
};

/* A term that the type does not have would be ignored: the treaty is another than the user thinks.
 * Zeros and empty cells are no terms. */
static void check_absent(xmc_table *t, const xmc_treaty *x) {
    const struct {
        size_t column;
        double value;
        int types;
    } terms[] = {{RISK_ATTACHMENT, x->risk_attachment, FAC | PR},
                 {RISK_LIMIT, x->risk_limit, QS | FAC | SS | PR},
                 {OCC_ATTACHMENT, x->occ_attachment, CXL | AXL},
                 {OCC_LIMIT, x->occ_limit, QS | CXL | SS | PR | AXL},
                 {FRANCHISE, x->occ_franchise, CXL | AXL},
                 {REVERSE, x->occ_reverse, CXL | AXL},
                 {AGG_ATTACHMENT, x->agg_attachment, CXL | SL | PR | AXL},
                 {AGG_LIMIT, x->agg_limit, CXL | SL | PR | AXL},
                 {REINSTATEMENT, x->reinstatements, CXL | PR},
                 {CHARGE, x->reinstatement_charge, CXL | PR},
                 {HOURS, x->hours, CXL | AXL},
                 {USE_DATES, x->use_dates, QS | CXL | FAC | SS | PR | AXL},
                 {ATTACHING, x->risks_attaching, QS | CXL | FAC | SS | PR | AXL}};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        if (terms[i].value > 0 && !(terms[i].types >> x->type & 1))
            xmc_cell_error(t, terms[i].column, "0 or nothing, since ReinsType is %s",
                           xmc_treaty_type_names[x->type]);
    if (x->type == XMC_TREATY_SL && x->ceded > 0 && x->ceded < 1)
        xmc_cell_error(t, CEDED,
                       "0 or 1, since ReinsType is SL; the placed share is PlacedPercent");
}

static void check_reinstatements(xmc_table *t, const xmc_treaty *x) {
    const bool charged = x->charges || x->reinstatement_charge > 0;
    const double limit = x->type == XMC_TREATY_PR ? x->risk_limit : x->occ_limit;
    if (x->type == XMC_TREATY_CXL && !xmc_cell_given(t, REINSTATEMENT))
        xmc_cell_error(t, REINSTATEMENT,
                       "how many reinstatements (0: one limit a year), or unlimited, since "
                       "ReinsType is CXL");
    else if (x->reinstatements != XMC_UNLIMITED && xmc_cell_given(t, REINSTATEMENT) &&
             (x->type == XMC_TREATY_CXL || x->type == XMC_TREATY_PR) && !(limit > 0))
        xmc_cell_error(t, x->type == XMC_TREATY_PR ? RISK_LIMIT : OCC_LIMIT,
                       "an amount > 0, since a number of reinstatements is a number of limits");
    if (charged && x->reinstatements == XMC_UNLIMITED)
        xmc_cell_error(t, CHARGE, "nothing, since the reinstatements are unlimited");
    if (charged && x->reinstatements && !(x->premium > 0))
        xmc_cell_error(t, PREMIUM, "an amount > 0, since reinstatements are charged on it");
}

/* What the treaty's type needs. */
static void check_type(xmc_table *t, const xmc_treaty *x) {
    check_absent(t, x);
    if (x->type == XMC_TREATY_QS && !(x->ceded > 0))
        xmc_cell_error(t, CEDED, "a fraction > 0, since ReinsType is QS");
    /* A limit that is missing is no limit only where the file says so. */
    if ((x->type == XMC_TREATY_CXL && !xmc_cell_given(t, OCC_LIMIT)) ||
        (x->type == XMC_TREATY_PR && !xmc_cell_given(t, RISK_LIMIT)))
        xmc_cell_error(t, x->type == XMC_TREATY_PR ? RISK_LIMIT : OCC_LIMIT,
                       "an amount, 0 for no limit, since ReinsType is %s",
                       xmc_treaty_type_names[x->type]);
    check_reinstatements(t, x);
    if ((x->type == XMC_TREATY_SL || x->type == XMC_TREATY_AXL) && !(x->agg_limit > 0))
        xmc_cell_error(t, AGG_LIMIT, "an amount > 0, since ReinsType is %s",
                       xmc_treaty_type_names[x->type]);
    if ((x->risk_limit > 0 || x->risk_attachment > 0) && x->risk_level == XMC_LEVEL_NONE)
        xmc_cell_error(t, LEVEL, "LOC, LGR, POL or ACC, since the treaty has terms per risk");
    if (x->occ_franchise > 0 && x->occ_reverse > 0 && x->occ_reverse <= x->occ_franchise)
        xmc_cell_error(t, REVERSE, "an amount above OccFranchiseDed");
}

/* OED's list of charges, one for each reinstatement, or one for all. */
static void read_charges(xmc_loader *l, xmc_table *t, xmc_treaty *x) {
    size_t length, n = 1;
    const char *s = xmc_cell_text(t, CHARGE, &length);
    for (size_t i = 0; i < length; i++)
        n += s[i] == ';';
    if (n == 1) {
        x->reinstatement_charge = xmc_cell_number(t, CHARGE, 0, 0, 10);
        return;
    }
    double *charges = xmc_arena_alloc(l->arena, n * sizeof *charges);
    if (!charges) {
        xmc_cell_error(t, CHARGE, "room in memory");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        char one[64];
        const char *end = strchr(s, ';');
        const size_t m = end ? (size_t)(end - s) : strlen(s);
        snprintf(one, sizeof one, "%.*s", (int)(m < sizeof one ? m : sizeof one - 1), s);
        charges[i] = NAN;
        if (!xmc_parse_number(one, strlen(one), &charges[i]) ||
            !(charges[i] >= 0 && charges[i] <= 10)) {
            xmc_cell_error(t, CHARGE, "shares of the premium from 0 to 10 joined by ';'");
            return;
        }
        s += m + 1;
    }
    if (x->reinstatements != n) {
        xmc_cell_error(t, CHARGE, "one charge, or one for each of the %u reinstatements",
                       x->reinstatements);
        return;
    }
    x->charges = charges;
    x->reinstatement_charge = charges[0];
    for (size_t i = 1; i < n; i++) /* what check_absent and the premium's check look at */
        if (charges[i] > x->reinstatement_charge)
            x->reinstatement_charge = charges[i];
}

/* A per-risk excess without a number has no end; other types say what they have. */
static uint32_t read_reinstatements(xmc_table *t, xmc_treaty_type type) {
    size_t length;
    const char *s = xmc_cell_text(t, REINSTATEMENT, &length);
    if (length ? !strcmp(s, "unlimited") : type == XMC_TREATY_PR)
        return XMC_UNLIMITED;
    return (uint32_t)xmc_cell_integer(t, REINSTATEMENT, 0, 0, 1000);
}

static void read_terms(xmc_loader *l, xmc_table *t, xmc_treaty *x) {
    static const char *const levels[] = {"LOC", "LGR", "POL", "ACC"};
    static const char *const bases[] = {"amount", "amount_time"};
    static const char *const attaching[] = {"LO", "RA"};
    static const char *const yes_no[] = {"N", "Y"};
    const double cny = xmc_load_currency(l, t, CURRENCY);
    const struct {
        size_t column;
        double *to;
    } amounts[] = {{RISK_ATTACHMENT, &x->risk_attachment},
                   {RISK_LIMIT, &x->risk_limit},
                   {OCC_ATTACHMENT, &x->occ_attachment},
                   {OCC_LIMIT, &x->occ_limit},
                   {FRANCHISE, &x->occ_franchise},
                   {REVERSE, &x->occ_reverse},
                   {AGG_ATTACHMENT, &x->agg_attachment},
                   {AGG_LIMIT, &x->agg_limit},
                   {PREMIUM, &x->premium}};
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        *amounts[i].to = cny * xmc_cell_number(t, amounts[i].column, 0, 0, INFINITY);
    x->ceded = xmc_cell_number(t, CEDED, 0, 0, 1);
    x->placed = xmc_cell_positive(t, PLACED, 1, 1) * xmc_cell_positive(t, SHARE, 1, 1);
    x->hours = xmc_cell_number(t, HOURS, 0, 0, 8784);
    xmc_cell_integer(t, AGG_PERIOD, 365, 365, 366); /* the trial is the period */
    x->reinstatements = read_reinstatements(t, x->type);
    read_charges(l, t, x);
    if (xmc_cell_given(t, LEVEL))
        x->risk_level = (xmc_risk_level)(XMC_LEVEL_LOC + xmc_cell_choice(t, LEVEL, 0, levels, 4));
    x->pro_rata_time = xmc_cell_given(t, BASIS) && xmc_cell_choice(t, BASIS, 0, bases, 2) == 1;
    x->risks_attaching =
        xmc_cell_given(t, ATTACHING) && xmc_cell_choice(t, ATTACHING, 0, attaching, 2) == 1;
    x->use_dates = xmc_cell_given(t, USE_DATES) && xmc_cell_choice(t, USE_DATES, 0, yes_no, 2) == 1;
}

static xmc_treaty read_treaty(xmc_loader *l, xmc_table *t) {
    xmc_treaty x = {.file_line = xmc_row_line(t)};
    x.number = xmc_load_text(l, t, NUMBER);
    x.name = xmc_cell_given(t, NAME) ? xmc_load_text(l, t, NAME) : x.number;
    x.type = (xmc_treaty_type)xmc_cell_choice(t, TYPE, XMC_TREATY_QS, xmc_treaty_type_names,
                                              XMC_N_TREATY_TYPES);
    x.perils = xmc_load_perils(t, PERIL);
    x.inception = xmc_cell_date(t, INCEPTION, INT32_MIN);
    x.expiry = xmc_cell_date(t, EXPIRY, INT32_MAX);
    x.inuring_priority = (uint32_t)xmc_cell_integer(t, PRIORITY, 1, 1, 1000);
    read_terms(l, t, &x);
    if (xmc_row_ok(t))
        check_type(t, &x);
    if (xmc_row_ok(t) && x.expiry < x.inception)
        xmc_cell_error(t, EXPIRY, "a date not before ReinsInceptionDate");
    if (xmc_row_ok(t) && x.use_dates && (x.inception == INT32_MIN || x.expiry == INT32_MAX))
        xmc_cell_error(t, x.inception == INT32_MIN ? INCEPTION : EXPIRY,
                       "a date, since UseReinsDates is Y");
    return x;
}

/* Whether the treaty can act in the year after the valuation date. */
static bool acts(const xmc_treaty *x, int32_t valuation) {
    if (!x->use_dates)
        return x->inception <= valuation && valuation <= x->expiry;
    return x->risks_attaching || (x->inception <= valuation + 366 && x->expiry > valuation);
}

xmc_status xmc_load_reinsurance_info(xmc_loader *l, const xmc_file_ref *ref, xmc_names *numbers,
                                     uint32_t **index) {
    xmc_table *t;
    size_t capacity = 0, n_index = 0;
    xmc_status st = xmc_load_open(l, ref, info_columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        xmc_treaty x = read_treaty(l, t);
        bool fresh = false;
        if (!x.number || !*x.number)
            continue;
        uint32_t k = xmc_names_add(numbers, x.number, strlen(x.number), &fresh);
        if (!fresh) {
            xmc_cell_error(t, NUMBER, "each ReinsNumber once");
            continue;
        }
        uint32_t *places = xmc_load_grow(l, *index, k, &n_index, sizeof *places);
        xmc_treaty *more =
            xmc_load_grow(l, l->book->treaties, l->book->n_treaties, &capacity, sizeof *more);
        if (places)
            *index = places;
        if (more)
            l->book->treaties = more;
        if (!places || !more)
            break;
        places[k] = UINT32_MAX;
        if (!acts(&x, l->book->valuation_date)) {
            xmc_warn(l->diag, xmc_cell_place(t, NUMBER),
                     "treaty '%s' is not in force at the valuation date and left out", x.number);
            continue;
        }
        places[k] = (uint32_t)l->book->n_treaties;
        more[l->book->n_treaties++] = x;
    }
    return xmc_load_close(l, ref, t);
}

xmc_status xmc_load_reinsurance(xmc_loader *l, const xmc_file_ref *info, const xmc_file_ref *scope,
                                const xmc_file_ref *reinsurers, const xmc_file_ref *shares) {
    xmc_names numbers = {.arena = &l->scratch};
    uint32_t *index = NULL;
    xmc_status st = xmc_load_reinsurance_info(l, info, &numbers, &index);
    if (st == XMC_OK) {
        st = xmc_load_reinsurance_scope(l, scope, &numbers, index);
        if (reinsurers->path) {
            xmc_status more = xmc_load_reinsurers(l, reinsurers, shares, info, &numbers, index);
            st = st == XMC_OK ? more : st;
        }
    }
    free(index);
    xmc_names_free(&numbers);
    return st;
}
