#include "scenarios/vendor_table.h"
#include "scenarios/h5_errors.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void xmc_vendor_bad(xmc_vendor_table *t, size_t i, size_t column, const char *fmt, ...) {
    char text[400], value[64];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (t->text[column])
        snprintf(value, sizeof value, "%.60s", t->text[column][i]);
    else
        snprintf(value, sizeof value, "%.12g", t->number[column] ? t->number[column][i] : NAN);
    t->errors++;
    if (t->csv)
        xmc_bad_input(
            t->diag,
            (xmc_place){.file = t->path, .line = t->line[i], .column_name = t->name[column]}, value,
            "%s", text);
    else
        xmc_bad_input(t->diag, (xmc_place){.file = t->path, .column_name = t->name[column]}, value,
                      "row %u: expected %s", t->line[i], text);
}

void xmc_vendor_free(xmc_vendor_table *t) {
    for (size_t c = 0; c < XMC_VENDOR_COLUMNS; c++) {
        free(t->number[c]);
        free(t->text[c]);
    }
    free(t->line);
    xmc_arena_free(&t->arena);
    *t = (xmc_vendor_table){0};
}

/* Whether name is one of the alternatives. */
static bool is_one_of(const char *names, const char *name, size_t length) {
    for (const char *s = names; *s;) {
        const size_t n = strcspn(s, "|");
        if (n == length && strncasecmp(s, name, n) == 0)
            return true;
        s += n + (s[n] == '|');
    }
    return false;
}

/* Puts the name of a column of the file where it belongs. */
static void meet_name(xmc_vendor_table *t, const char *name, size_t length) {
    for (size_t c = 0; c < t->n_columns; c++)
        if (!t->has[c] && length < sizeof t->name[c] &&
            is_one_of(t->columns[c].names, name, length)) {
            memcpy(t->name[c], name, length);
            t->name[c][length] = 0;
            t->has[c] = true;
            return;
        }
}

static xmc_status check_there(xmc_vendor_table *t) {
    for (size_t c = 0; c < t->n_columns; c++) {
        if (!t->has[c] && t->columns[c].required) {
            t->errors++;
            xmc_bad_input(t->diag, (xmc_place){.file = t->path, .line = t->csv ? 1 : 0}, NULL,
                          "expected a column %s", t->columns[c].names);
        }
        if (!t->has[c])
            snprintf(t->name[c], sizeof t->name[c], "%.*s", (int)strcspn(t->columns[c].names, "|"),
                     t->columns[c].names);
    }
    return t->errors ? XMC_BAD_INPUT : XMC_OK;
}

/* Room for rows; false without memory. */
static bool make_room(xmc_vendor_table *t, size_t rows) {
    for (size_t c = 0; c < t->n_columns; c++) {
        if (t->columns[c].text) {
            char **more = realloc(t->text[c], rows * sizeof *more);
            t->text[c] = more ? more : t->text[c];
            if (!more)
                return false;
        } else {
            double *more = realloc(t->number[c], rows * sizeof *more);
            t->number[c] = more ? more : t->number[c];
            if (!more)
                return false;
        }
    }
    uint32_t *more = realloc(t->line, rows * sizeof *more);
    t->line = more ? more : t->line;
    return more != NULL;
}

/* ---- CSV ---- */

static void read_header(xmc_vendor_table *t) {
    FILE *f = fopen(t->path, "r");
    char *line = NULL;
    size_t size = 0;
    if (f && getline(&line, &size, f) > 0) {
        const char *s = strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line;
        while (*s) {
            size_t n = strcspn(s, ",\r\n");
            const char *name = s;
            size_t length = n;
            while (length && (*name == ' ' || *name == '"'))
                name++, length--;
            while (length && (name[length - 1] == ' ' || name[length - 1] == '"'))
                length--;
            meet_name(t, name, length);
            s += n + (s[n] == ',');
            if (s[0] == '\r' || s[0] == '\n')
                break;
        }
    }
    free(line);
    if (f)
        fclose(f);
}

static xmc_status read_csv(xmc_loader *l, const xmc_file_ref *ref, xmc_vendor_table *t) {
    read_header(t);
    xmc_status status = check_there(t);
    if (status != XMC_OK)
        return status;
    xmc_column columns[XMC_VENDOR_COLUMNS];
    for (size_t c = 0; c < t->n_columns; c++)
        columns[c] = (xmc_column){t->name[c], t->columns[c].required};
    xmc_table *table;
    status = xmc_load_open(l, ref, columns, t->n_columns, &table);
    size_t capacity = 0;
    while (status == XMC_OK && xmc_table_next(table)) {
        if (t->n == capacity) {
            capacity = capacity ? 2 * capacity : 1024;
            if (!make_room(t, capacity)) {
                status = xmc_no_memory(t->diag, capacity * 64, t->path);
                break;
            }
        }
        t->line[t->n] = (uint32_t)xmc_row_line(table);
        for (size_t c = 0; c < t->n_columns; c++) {
            const xmc_vendor_column *k = &t->columns[c];
            if (k->text) {
                size_t length;
                const char *s = xmc_cell_text(table, c, &length);
                t->text[c][t->n] = xmc_arena_copy(&t->arena, s, length);
                if (!t->text[c][t->n])
                    xmc_cell_error(table, c, "room in memory");
            } else if (!k->required && !xmc_cell_given(table, c))
                t->number[c][t->n] = NAN;
            else if (k->whole)
                t->number[c][t->n] = (double)xmc_cell_integer(table, c, (int64_t)k->min,
                                                              (int64_t)k->min, (int64_t)k->max);
            else
                t->number[c][t->n] = xmc_cell_number(table, c, k->min, k->min, k->max);
        }
        t->n += xmc_row_ok(table);
    }
    const xmc_status closed = xmc_load_close(l, ref, table);
    return status == XMC_OK ? closed : status;
}

/* ---- HDF5 ---- */

typedef struct {
    char path[256]; /* of the group with the columns, or of the compound dataset */
    bool compound;
    size_t met;
} place;

typedef struct {
    xmc_vendor_table *t;
    place best;
} search;

static size_t count_met(const xmc_vendor_table *t, hid_t type) {
    size_t met = 0;
    const int n = H5Tget_nmembers(type);
    for (int i = 0; i < n; i++) {
        char *name = H5Tget_member_name(type, (unsigned)i);
        for (size_t c = 0; name && c < t->n_columns; c++)
            met += is_one_of(t->columns[c].names, name, strlen(name));
        H5free_memory(name);
    }
    return met;
}

/* Each object of the file: a compound dataset, or a group whose datasets are the columns. */
static herr_t look(hid_t root, const char *name, const H5O_info_t *info, void *to) {
    search *s = to;
    place p = {.met = 0};
    snprintf(p.path, sizeof p.path, "/%s", strcmp(name, ".") == 0 ? "" : name);
    if (info->type == H5O_TYPE_DATASET) {
        hid_t set = H5Dopen2(root, name, H5P_DEFAULT);
        hid_t type = set >= 0 ? H5Dget_type(set) : -1;
        if (type >= 0 && H5Tget_class(type) == H5T_COMPOUND) {
            p.compound = true;
            p.met = count_met(s->t, type);
        }
        if (type >= 0)
            H5Tclose(type);
        if (set >= 0)
            H5Dclose(set);
    } else if (info->type == H5O_TYPE_GROUP) {
        hid_t group = H5Gopen2(root, name, H5P_DEFAULT);
        H5G_info_t about;
        if (group >= 0 && H5Gget_info(group, &about) >= 0)
            for (hsize_t i = 0; i < about.nlinks && i < 10000; i++) {
                char child[64];
                const ssize_t n = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i,
                                                     child, sizeof child, H5P_DEFAULT);
                for (size_t c = 0; n > 0 && (size_t)n < sizeof child && c < s->t->n_columns; c++)
                    p.met += is_one_of(s->t->columns[c].names, child, (size_t)n);
            }
        if (group >= 0)
            H5Gclose(group);
    }
    if (p.met > s->best.met)
        s->best = p;
    return 0;
}

/* The names of the columns at the place found. */
static void name_columns(xmc_vendor_table *t, hid_t file, const place *p) {
    if (p->compound) {
        hid_t set = H5Dopen2(file, p->path, H5P_DEFAULT), type = H5Dget_type(set);
        const int n = H5Tget_nmembers(type);
        for (int i = 0; i < n; i++) {
            char *name = H5Tget_member_name(type, (unsigned)i);
            if (name)
                meet_name(t, name, strlen(name));
            H5free_memory(name);
        }
        H5Tclose(type);
        H5Dclose(set);
        return;
    }
    hid_t group = H5Gopen2(file, p->path, H5P_DEFAULT);
    H5G_info_t about;
    if (group >= 0 && H5Gget_info(group, &about) >= 0)
        for (hsize_t i = 0; i < about.nlinks; i++) {
            char child[64];
            const ssize_t n = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, child,
                                                 sizeof child, H5P_DEFAULT);
            if (n > 0 && (size_t)n < sizeof child)
                meet_name(t, child, (size_t)n);
        }
    if (group >= 0)
        H5Gclose(group);
}

/* Reads a column of t->n values (0: sets it). */
static bool read_one(xmc_vendor_table *t, hid_t file, const place *p, size_t c) {
    char path[400];
    if (p->compound)
        snprintf(path, sizeof path, "%s", p->path);
    else
        snprintf(path, sizeof path, "%s%s%s", p->path, p->path[1] ? "/" : "", t->name[c]);
    hid_t set = H5Dopen2(file, path, H5P_DEFAULT);
    if (set < 0)
        return false;
    hid_t space = H5Dget_space(set), whole = H5Dget_type(set), type = whole;
    if (p->compound) {
        const int at = H5Tget_member_index(whole, t->name[c]);
        type = at >= 0 ? H5Tget_member_type(whole, (unsigned)at) : -1;
    }
    hsize_t n = 0;
    bool ok = type >= 0 && H5Sget_simple_extent_ndims(space) == 1;
    if (ok)
        H5Sget_simple_extent_dims(space, &n, NULL);
    if (ok && !t->n && n && n < UINT32_MAX) {
        t->n = (size_t)n;
        ok = make_room(t, t->n);
    }
    ok = ok && n == t->n;
    const H5T_class_t kind = ok ? H5Tget_class(type) : H5T_NO_CLASS;
    const bool text = t->columns[c].text;
    ok = ok && (text ? kind == H5T_STRING : kind == H5T_INTEGER || kind == H5T_FLOAT);
    if (ok) {
        const bool variable = text && H5Tis_variable_str(type) > 0;
        const size_t size = !text      ? sizeof(double)
                            : variable ? sizeof(char *)
                                       : H5Tget_size(type) + 1;
        char *buffer = size < 4096 ? calloc(t->n, size) : NULL;
        hid_t memory = text ? H5Tcopy(H5T_C_S1) : H5Tcopy(H5T_NATIVE_DOUBLE), read = memory;
        if (text) {
            H5Tset_size(memory, variable ? H5T_VARIABLE : size);
            H5Tset_cset(memory, H5Tget_cset(type));
        }
        if (p->compound) {
            read = H5Tcreate(H5T_COMPOUND, size);
            H5Tinsert(read, t->name[c], 0, memory);
        }
        ok = buffer && H5Dread(set, read, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer) >= 0;
        for (size_t i = 0; ok && i < t->n; i++) {
            if (!text) {
                memcpy(&t->number[c][i], buffer + i * size, size);
                continue;
            }
            const char *s = buffer + i * size;
            if (variable)
                memcpy(&s, buffer + i * size, sizeof s);
            t->text[c][i] = xmc_arena_copy(&t->arena, s ? s : "", s ? strlen(s) : 0);
            ok = t->text[c][i] != NULL;
        }
        if (variable && buffer)
            H5Dvlen_reclaim(read, space, H5P_DEFAULT, buffer);
        free(buffer);
        if (read != memory)
            H5Tclose(read);
        H5Tclose(memory);
    }
    if (type >= 0 && type != whole)
        H5Tclose(type);
    H5Tclose(whole);
    H5Sclose(space);
    H5Dclose(set);
    return ok;
}

static void check_values(xmc_vendor_table *t) {
    for (size_t i = 0; i < t->n; i++) {
        t->line[i] = (uint32_t)i + 1;
        for (size_t c = 0; c < t->n_columns; c++) {
            const xmc_vendor_column *k = &t->columns[c];
            if (k->text || !t->has[c])
                continue;
            const double x = t->number[c][i];
            if (isnan(x) && !k->required)
                continue;
            if (!(x >= k->min && x <= k->max) || (k->whole && x != floor(x)))
                xmc_vendor_bad(t, i, c, "%s number from %g to %g", k->whole ? "a whole" : "a",
                               k->min, k->max);
        }
    }
}

static xmc_status read_hdf5(xmc_loader *l, const xmc_file_ref *ref, xmc_vendor_table *t) {
    xmc_status status = xmc_load_digest(l, ref);
    if (status != XMC_OK)
        return status;
    const xmc_h5_errors before = xmc_h5_errors_off();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    hid_t file = H5Fopen(ref->path, H5F_ACC_RDONLY, access);
    search s = {.t = t};
    if (file < 0) {
        t->errors++;
        xmc_bad_input(t->diag, (xmc_place){.file = t->path}, NULL, "expected a complete HDF5 file");
    } else {
        H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, look, &s);
        if (s.best.met)
            name_columns(t, file, &s.best);
        if (check_there(t) == XMC_OK)
            for (size_t c = 0; c < t->n_columns; c++)
                if (t->has[c] && !read_one(t, file, &s.best, c)) {
                    t->errors++;
                    xmc_bad_input(t->diag, (xmc_place){.file = t->path, .column_name = t->name[c]},
                                  NULL,
                                  "expected %s in one dimension, as many as in the other columns",
                                  t->columns[c].text ? "strings" : "numbers");
                }
        H5Fclose(file);
    }
    H5Pclose(access);
    H5Eclear2(H5E_DEFAULT);
    xmc_h5_errors_back(before);
    if (t->errors)
        return XMC_BAD_INPUT;
    for (size_t c = 0; c < t->n_columns; c++) /* columns that are not there */
        for (size_t i = 0; !t->has[c] && i < t->n; i++) {
            if (t->columns[c].text)
                t->text[c][i] = xmc_arena_copy(&t->arena, "", 0);
            else
                t->number[c][i] = NAN;
        }
    check_values(t);
    return status;
}

xmc_status xmc_vendor_read(xmc_loader *l, const xmc_file_ref *ref, const xmc_vendor_column *columns,
                           size_t n_columns, xmc_vendor_table *out) {
    *out = (xmc_vendor_table){
        .path = ref->path, .diag = l->diag, .columns = columns, .n_columns = n_columns};
    FILE *f = fopen(ref->path, "rb");
    if (!f)
        return xmc_file_error(l->diag, ref->path, "cannot open");
    unsigned char head[4] = {0};
    const bool hdf5 = fread(head, 1, 4, f) == 4 && memcmp(head, "\x89HDF", 4) == 0;
    fclose(f);
    out->csv = !hdf5;
    xmc_status status = hdf5 ? read_hdf5(l, ref, out) : read_csv(l, ref, out);
    if (status == XMC_OK && out->errors)
        status = XMC_BAD_INPUT;
    if (status == XMC_OK && !out->n)
        status = xmc_bad_input(l->diag, (xmc_place){.file = ref->path}, NULL,
                               "expected at least one row");
    return status;
}
