/* crossmc regulatory: the factor-based minimum of C-ROSS II, from a company sheet, or from an
 * analysis whose book feeds the nodes that it can. */
#include "output/regulatory_report.h"
#include "scenarios/yaml_tree.h"
#include "sim/cli/cli.h"

#include <string.h>

typedef struct {
    const char *file, *rules, *against, *node, *rules_dir;
    bool csv;
    xmc_reg_unit unit;
    int depth;
} arguments;

enum { OPT_RULES = 256, OPT_AGAINST, OPT_EXPLAIN, OPT_FORMAT, OPT_UNIT, OPT_DEPTH, OPT_DIR };

static const struct argp_option options[] = {
    {"rules", OPT_RULES, "VERSION", 0,
     "2021, 2023 or 2025, or a version of your own (default: the latest)", 0},
    {"against", OPT_AGAINST, "VERSION", 0,
     "Show what changes node by node from --rules to this version", 0},
    {"explain", OPT_EXPLAIN, "NODE", 0,
     "Show how a node comes about, by code (1.3.2) or key (market.equity)", 0},
    {"format", OPT_FORMAT, "FORMAT", 0, "text (default) or csv", 0},
    {"unit", OPT_UNIT, "UNIT", 0, "wan (万元, default) or yuan (元)", 0},
    {"depth", OPT_DEPTH, "N", 0, "Leave out rows deeper than N", 0},
    {"rules-dir", OPT_DIR, "DIR", 0, "Folder of the rule versions (default: the shipped one)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case OPT_RULES:
        a->rules = arg;
        break;
    case OPT_AGAINST:
        a->against = arg;
        break;
    case OPT_EXPLAIN:
        a->node = arg;
        break;
    case OPT_FORMAT:
        a->csv = xmc_cli_csv(state, arg);
        break;
    case OPT_UNIT:
        a->unit = strcmp(arg, "yuan") == 0 ? XMC_UNIT_YUAN : XMC_UNIT_WAN;
        if (a->unit == XMC_UNIT_WAN && strcmp(arg, "wan") != 0)
            argp_error(state, "--unit: '%s': expected wan or yuan", arg);
        break;
    case OPT_DEPTH:
        a->depth = (int)xmc_cli_number(state, "--depth", arg, 1, 20);
        break;
    case OPT_DIR:
        a->rules_dir = arg;
        break;
    default:
        return xmc_cli_file(key, arg, state, "analysis or company sheet", &a->file);
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "ANALYSIS.yaml|COMPANY.yaml",
    "Computes the minimum capital row by row as in form S05 (docs/regulation.md, docs/company.md).",
    0,
    0,
    0};

/* An analysis has a book; a company sheet has none. */
static xmc_status is_analysis(const char *path, bool *answer, xmc_diag *diag) {
    xmc_yaml_tree tree;
    xmc_status status = xmc_yaml_read(path, &tree, diag);
    if (status != XMC_OK)
        return status;
    *answer = tree.root && tree.root->kind == XMC_YAML_MAP && xmc_yaml_get(tree.root, "book") &&
              xmc_yaml_get(tree.root, "valuation_date");
    xmc_yaml_free(&tree);
    return XMC_OK;
}

/* The version whose name begins with the wish; the latest without a wish. */
static xmc_status find_version(const xmc_reg_versions *v, const char *wish, size_t *out,
                               xmc_diag *diag) {
    *out = v->n - 1;
    for (size_t i = 0; wish && i < v->n; i++)
        if (strncmp(xmc_rules_version(v->rules[i]), wish, strlen(wish)) == 0) {
            *out = i;
            return XMC_OK;
        }
    return wish ? xmc_error(diag, XMC_USAGE, "no version '%s' of the rules", wish) : XMC_OK;
}

static xmc_status print(const arguments *a, const xmc_reg_versions *v, xmc_diag *diag) {
    size_t first, second;
    xmc_status status = find_version(v, a->rules, &first, diag);
    if (status == XMC_OK)
        status = find_version(v, a->against, &second, diag);
    if (status != XMC_OK)
        return status;
    const xmc_reg_tree *tree = &v->trees[first];
    if (a->node)
        return xmc_reg_explain(stdout, v->rules[first], tree, a->node, diag);
    if (a->against && a->csv)
        xmc_reg_write_change_csv(stdout, tree, &v->trees[second]);
    else if (a->against)
        xmc_reg_write_change_text(stdout, tree, &v->trees[second], a->unit);
    else if (a->csv)
        xmc_reg_write_csv(stdout, tree);
    else
        xmc_reg_write_text(stdout, v->company, tree, a->unit, a->depth);
    return XMC_OK;
}

int xmc_cli_regulatory(int argc, char **argv) {
    arguments a = {.unit = XMC_UNIT_WAN};
    xmc_cli_parse(&argp, argc, argv, &a);
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_analysis analysis = {0};
    xmc_reg_book book = {0};
    xmc_reg_versions versions = {0};
    const char *company = a.file, *rules_dir = a.rules_dir;
    bool whole = false;
    xmc_status status = is_analysis(a.file, &whole, &diag);
    if (status == XMC_OK && whole) {
        status = xmc_analysis_load(a.file, &analysis, &diag);
        if (status == XMC_OK && !analysis.company_path)
            status = xmc_error(&diag, XMC_BAD_INPUT,
                               "%s: book: names no company sheet (company: company.yaml)", a.file);
        if (status == XMC_OK)
            status = xmc_reg_book_from(&analysis.book, analysis.has_equity, analysis.has_credit,
                                       &book, &diag);
        company = analysis.company_path;
        rules_dir = rules_dir ? rules_dir : analysis.rules_dir;
    }
    if (status == XMC_OK)
        status =
            xmc_reg_versions_compute(rules_dir, company, whole ? &book : NULL, &versions, &diag);
    if (status == XMC_OK)
        status = print(&a, &versions, &diag);
    xmc_reg_versions_free(&versions);
    xmc_reg_book_free(&book);
    xmc_analysis_free(&analysis);
    return xmc_cli_finish(status, &diag);
}
