/* YAML into structs through libcyaml. The libcyaml schema is the one description of a file's form:
 * before libcyaml fills the structs, the tree with its lines and columns is held against the same
 * schema, so that every unknown key, missing key and wrong type is reported with its place, not
 * only the first. Numbers are plain decimal numbers (no NaN, infinity, hexadecimal or octal). */
#ifndef CROSSMC_YAML_SCHEMA_H
#define CROSSMC_YAML_SCHEMA_H

#include "scenarios/common/source.h"
#include "scenarios/yaml_tree.h"

#include <cyaml/cyaml.h>

/* A file read by a schema: the tree for places and for what libcyaml cannot express (lists of
 * lists, maps with free keys: declare those CYAML_IGNORE), and the filled struct. */
typedef struct {
    xmc_yaml_tree tree;
    char *text; /* UTF-8 */
    size_t n_text;
    uint64_t bytes;
    char sha256[65];
    const cyaml_schema_value_t *schema;
    void *data; /* the top-level struct */
    xmc_diag *diag;
    char prefix[128]; /* of the paths given to the functions below, "" at first */
    size_t n_bad;     /* errors reported through them */
} xmc_yaml_file;

/* On an error the file holds nothing that must be freed, save size and digest where it was read. */
xmc_status xmc_yaml_load(const char *path, const cyaml_schema_value_t *schema, xmc_yaml_file *out,
                         xmc_diag *diag);
void xmc_yaml_unload(xmc_yaml_file *f);

/* The node at prefix + path, such as "lines[3].severity.mean"; NULL where there is none. */
const xmc_yaml_node *xmc_yaml_at(const xmc_yaml_file *f, const char *path);
/* Reports prefix + path as bad input with the value that stands there; a key that is not there is
 * placed at the nearest one above. Returns XMC_BAD_INPUT. */
xmc_status xmc_yaml_bad(xmc_yaml_file *f, const char *path, const char *expected_fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Sets the prefix of the following calls (printf format). */
void xmc_yaml_within(xmc_yaml_file *f, const char *prefix_fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports a value outside a range written as in mathematics: "[0, 1)", "(0, inf)". */
void xmc_yaml_range(xmc_yaml_file *f, const char *path, double value, const char *range);
/* A square list of lists of numbers into out[n * n]. */
xmc_status xmc_yaml_matrix(xmc_yaml_file *f, const char *path, size_t n_rows, size_t n_columns,
                           double *out);

#endif
