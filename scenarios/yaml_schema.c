#include "scenarios/yaml_schema.h"
#include "scenarios/common/parse.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_TEXT = 64 << 20 };

/* ---- the tree against the schema ---- */

typedef struct {
    const xmc_yaml_tree *tree;
    xmc_diag *diag;
    size_t n_bad;
    char path[256]; /* of the value under examination */
} check;

static void bad(check *c, const xmc_yaml_node *n, const char *expected_fmt, ...)
    __attribute__((format(printf, 3, 4)));

static const char *value_of(const xmc_yaml_node *n) {
    return n->kind == XMC_YAML_SCALAR ? n->text : NULL;
}

static void bad(check *c, const xmc_yaml_node *n, const char *expected_fmt, ...) {
    char expected[700];
    va_list ap;
    va_start(ap, expected_fmt);
    vsnprintf(expected, sizeof expected, expected_fmt, ap);
    va_end(ap);
    xmc_place at = {c->tree->file, n->line, n->column, *c->path ? c->path : NULL};
    const char *value = value_of(n);
    if (value)
        xmc_bad_input(c->diag, at, value, "%s", expected);
    else
        xmc_bad_input(c->diag, at, NULL, "expected %s", expected);
    c->n_bad++;
}

static bool is_bool(const char *s) {
    static const char *const words[] = {"true", "false", "yes", "no"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(s, words[i]))
            return true;
    return false;
}

/* libcyaml reads a leading zero as octal; a person does not. */
static bool has_leading_zero(const char *s) {
    s += *s == '-' || *s == '+';
    return s[0] == '0' && s[1];
}

static void check_value(check *c, const cyaml_schema_value_t *v, const xmc_yaml_node *n);

static void check_mapping(check *c, const cyaml_schema_value_t *v, const xmc_yaml_node *n) {
    size_t length = strlen(c->path);
    for (size_t i = 0; i < n->n; i++) {
        const xmc_yaml_node *child = &n->child[i];
        const cyaml_schema_field_t *f = v->mapping.fields;
        while (f->key && strcmp(f->key, child->key) != 0)
            f++;
        snprintf(c->path + length, sizeof c->path - length, "%s%.60s", length ? "." : "",
                 child->key);
        if (f->key) {
            check_value(c, &f->value, child);
        } else {
            char known[600];
            size_t used = 0;
            known[0] = '\0';
            for (f = v->mapping.fields; f->key && used < sizeof known; f++)
                used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                         used ? ", " : "", f->key);
            xmc_place at = {c->tree->file, child->key_line, child->key_column, c->path};
            xmc_bad_input(c->diag, at, child->key, "one of the keys %s", known);
            c->n_bad++;
        }
        c->path[length] = '\0';
    }
    for (const cyaml_schema_field_t *f = v->mapping.fields; f->key; f++)
        if (!(f->value.flags & CYAML_FLAG_OPTIONAL) && !xmc_yaml_get(n, f->key)) {
            xmc_place at = {c->tree->file, n->line, n->column, *c->path ? c->path : NULL};
            xmc_bad_input(c->diag, at, NULL, "expected the key %s here", f->key);
            c->n_bad++;
        }
}

static void check_value(check *c, const cyaml_schema_value_t *v, const xmc_yaml_node *n) {
    if (v->type == CYAML_IGNORE)
        return;
    if (v->type == CYAML_MAPPING) {
        if (n->kind != XMC_YAML_MAP)
            bad(c, n, "a map of keys and values");
        else
            check_mapping(c, v, n);
        return;
    }
    if (v->type == CYAML_SEQUENCE || v->type == CYAML_SEQUENCE_FIXED) {
        if (n->kind != XMC_YAML_LIST) {
            bad(c, n, "a list");
            return;
        }
        if (n->n < v->sequence.min || n->n > v->sequence.max)
            bad(c, n, "a list of %s%u entries, found %zu",
                v->sequence.max == v->sequence.min ? "" : "at least ", v->sequence.min, n->n);
        size_t length = strlen(c->path);
        for (size_t i = 0; i < n->n; i++) {
            snprintf(c->path + length, sizeof c->path - length, "[%zu]", i);
            check_value(c, v->sequence.entry, &n->child[i]);
            c->path[length] = '\0';
        }
        return;
    }
    if (n->kind != XMC_YAML_SCALAR) {
        bad(c, n, "a single value");
        return;
    }
    size_t length = strlen(n->text);
    double x;
    int64_t i;
    uint64_t u;
    switch (v->type) {
    case CYAML_FLOAT:
        if (n->quoted || !xmc_parse_number(n->text, length, &x))
            bad(c, n, "a number");
        break;
    case CYAML_INT:
        if (n->quoted || !xmc_parse_integer(n->text, length, &i) || has_leading_zero(n->text))
            bad(c, n, "a whole number");
        break;
    case CYAML_UINT:
        if (n->quoted || !xmc_parse_unsigned(n->text, length, &u) || has_leading_zero(n->text))
            bad(c, n, "a whole number >= 0");
        break;
    case CYAML_BOOL:
        if (n->quoted || !is_bool(n->text))
            bad(c, n, "true or false");
        break;
    case CYAML_STRING:
        if (xmc_yaml_is_null(n) || length < v->string.min)
            bad(c, n, "some text");
        else if (length > v->string.max)
            bad(c, n, "at most %u bytes of text", v->string.max);
        break;
    case CYAML_ENUM: {
        char known[400];
        size_t used = 0;
        bool found = false;
        for (uint32_t k = 0; k < v->enumeration.count; k++) {
            found = found || !strcmp(n->text, v->enumeration.strings[k].str);
            if (used < sizeof known)
                used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", k ? ", " : "",
                                         v->enumeration.strings[k].str);
        }
        if (!found)
            bad(c, n, "one of %s", known);
        break;
    }
    default:
        break; /* no other type is used in our schemas */
    }
}

/* ---- libcyaml ---- */

/* What libcyaml says, on one line. */
typedef struct {
    char text[600];
    size_t used;
} cyaml_words;

static void on_cyaml_log(cyaml_log_t level, void *context, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void on_cyaml_log(cyaml_log_t level, void *context, const char *fmt, va_list ap) {
    cyaml_words *w = context;
    (void)level;
    int n = vsnprintf(w->text + w->used, sizeof w->text - w->used, fmt, ap);
    if (n > 0)
        w->used = w->used + (size_t)n < sizeof w->text ? w->used + (size_t)n : sizeof w->text - 1;
    if (w->used && w->text[w->used - 1] == '\n')
        w->text[w->used - 1] = ' ';
}

static cyaml_config_t configuration(cyaml_words *words) {
    return (cyaml_config_t){.log_fn = on_cyaml_log,
                            .log_ctx = words,
                            .log_level = CYAML_LOG_WARNING,
                            .mem_fn = cyaml_mem,
                            .flags = CYAML_CFG_DEFAULT};
}

/* libcyaml reads numbers with strtod: under the C locale for this thread. */
static xmc_status fill_structs(xmc_yaml_file *f, xmc_diag *diag) {
    cyaml_words words = {.used = 0};
    cyaml_config_t config = configuration(&words);
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return xmc_no_memory(diag, 0, f->tree.file);
    locale_t before = uselocale(c_locale);
    cyaml_err_t e = cyaml_load_data((const uint8_t *)f->text, f->n_text, &config, f->schema,
                                    (cyaml_data_t **)&f->data, NULL);
    uselocale(before);
    freelocale(c_locale);
    if (e == CYAML_OK && f->data)
        return XMC_OK;
    if (e == CYAML_ERR_OOM)
        return xmc_no_memory(diag, f->n_text, f->tree.file);
    return xmc_bad_input(diag, (xmc_place){.file = f->tree.file}, NULL, "%s %s", cyaml_strerror(e),
                         words.text);
}

xmc_status xmc_yaml_load(const char *path, const cyaml_schema_value_t *schema, xmc_yaml_file *out,
                         xmc_diag *diag) {
    xmc_source source;
    *out = (xmc_yaml_file){.schema = schema, .diag = diag};
    xmc_status st = xmc_source_open(path, true, &source, diag);
    if (st != XMC_OK)
        return st;
    out->bytes = source.bytes;
    memcpy(out->sha256, source.sha256, sizeof out->sha256);
    st = xmc_source_text(&source, LONGEST_TEXT, &out->text, &out->n_text, diag);
    xmc_source_close(&source);
    if (st == XMC_OK)
        st = xmc_yaml_parse(path, out->text, out->n_text, &out->tree, diag);
    if (st == XMC_OK) {
        check c = {.tree = &out->tree, .diag = diag};
        check_value(&c, schema, out->tree.root);
        st = c.n_bad ? XMC_BAD_INPUT : fill_structs(out, diag);
    }
    if (st != XMC_OK) {
        xmc_yaml_file left = *out;
        xmc_yaml_unload(out);
        out->bytes = left.bytes;
        memcpy(out->sha256, left.sha256, sizeof out->sha256);
    }
    return st;
}

void xmc_yaml_unload(xmc_yaml_file *f) {
    if (f->data) {
        cyaml_words words = {.used = 0};
        cyaml_config_t config = configuration(&words);
        cyaml_free(&config, f->schema, f->data, 0);
    }
    xmc_yaml_free(&f->tree);
    free(f->text);
    *f = (xmc_yaml_file){0};
}

/* ---- places of semantic errors ---- */

/* Follows a path as far as it exists; *whole says whether that was to its end. */
static const xmc_yaml_node *follow(const xmc_yaml_node *n, const char *path, bool *whole) {
    while (*path) {
        const xmc_yaml_node *next = NULL;
        if (*path == '[') {
            char *end;
            size_t i = strtoul(path + 1, &end, 10);
            if (n->kind == XMC_YAML_LIST && i < n->n)
                next = &n->child[i];
            path = *end == ']' ? end + 1 : end;
        } else {
            char key[128];
            size_t length;
            path += *path == '.';
            length = strcspn(path, ".[");
            snprintf(key, sizeof key, "%.*s", (int)length, path);
            next = xmc_yaml_get(n, key);
            path += length;
        }
        if (!next) {
            *whole = false;
            return n;
        }
        n = next;
    }
    *whole = true;
    return n;
}

static const xmc_yaml_node *locate(const xmc_yaml_file *f, const char *path, char full[256],
                                   bool *whole) {
    bool dot = *f->prefix && *path && *path != '[';
    snprintf(full, 256, "%s%s%.120s", f->prefix, dot ? "." : "", path);
    return follow(f->tree.root, full, whole);
}

const xmc_yaml_node *xmc_yaml_at(const xmc_yaml_file *f, const char *path) {
    char full[256];
    bool whole;
    const xmc_yaml_node *n = locate(f, path, full, &whole);
    return whole ? n : NULL;
}

xmc_status xmc_yaml_bad(xmc_yaml_file *f, const char *path, const char *expected_fmt, ...) {
    char full[256], expected[700];
    bool whole;
    const xmc_yaml_node *n = locate(f, path, full, &whole);
    va_list ap;
    va_start(ap, expected_fmt);
    vsnprintf(expected, sizeof expected, expected_fmt, ap);
    va_end(ap);
    f->n_bad++;
    xmc_place at = {f->tree.file, n->line, n->column, full};
    if (whole && n->kind == XMC_YAML_SCALAR)
        return xmc_bad_input(f->diag, at, n->text, "%s", expected);
    return xmc_bad_input(f->diag, at, NULL, "expected %s", expected);
}

void xmc_yaml_within(xmc_yaml_file *f, const char *prefix_fmt, ...) {
    va_list ap;
    va_start(ap, prefix_fmt);
    vsnprintf(f->prefix, sizeof f->prefix, prefix_fmt, ap);
    va_end(ap);
}

/* The bounds of a range are whole numbers or inf. */
static double bound(const char *s, const char **rest) {
    char *end;
    s += strspn(s, " ");
    if (!strncmp(s, "inf", 3)) {
        *rest = s + 3;
        return INFINITY;
    }
    long x = strtol(s, &end, 10);
    *rest = end;
    return (double)x;
}

void xmc_yaml_range(xmc_yaml_file *f, const char *path, double value, const char *range) {
    const char *rest;
    double low = bound(range + 1, &rest), high = bound(rest + 1, &rest);
    bool above = range[0] == '[' ? value >= low : value > low;
    bool below = *rest == ']' ? value <= high : value < high;
    if (!isfinite(value) || !above || !below)
        xmc_yaml_bad(f, path, "a number in %s", range);
}

xmc_status xmc_yaml_matrix(xmc_yaml_file *f, const char *path, size_t n_rows, size_t n_columns,
                           double *out) {
    const xmc_yaml_node *m = xmc_yaml_at(f, path);
    if (!m || m->kind != XMC_YAML_LIST || m->n != n_rows)
        return xmc_yaml_bad(f, path, "a list of %zu rows of %zu numbers", n_rows, n_columns);
    xmc_status st = XMC_OK;
    for (size_t i = 0; i < n_rows; i++) {
        const xmc_yaml_node *r = &m->child[i];
        char at[160];
        if (r->kind != XMC_YAML_LIST || r->n != n_columns) {
            snprintf(at, sizeof at, "%.100s[%zu]", path, i);
            st = xmc_yaml_bad(f, at, "a row of %zu numbers", n_columns);
            continue;
        }
        for (size_t j = 0; j < n_columns; j++) {
            const xmc_yaml_node *v = &r->child[j];
            if (v->kind != XMC_YAML_SCALAR || v->quoted ||
                !xmc_parse_number(v->text, strlen(v->text), &out[i * n_columns + j])) {
                snprintf(at, sizeof at, "%.100s[%zu][%zu]", path, i, j);
                st = xmc_yaml_bad(f, at, "a number");
            }
        }
    }
    return st;
}
