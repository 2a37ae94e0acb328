/* Where a results file comes from: all that may differ between two runs of one analysis. */
#include "output/comparison_internal.h"
#include "output/results_internal.h"
#include "scenarios/overlay.h"

#include <cyaml/cyaml.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#ifndef CROSSMC_COMPILE_FLAGS
#define CROSSMC_COMPILE_FLAGS "not recorded"
#endif

/* The processor's name as Linux gives it, or the architecture's. */
static void processor_name(char *out, size_t size, const char *machine) {
    snprintf(out, size, "%s", machine);
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "model name", 10) != 0)
            continue;
        const char *v = strchr(line, ':');
        if (v) {
            snprintf(out, size, "%s", v + 2);
            out[strcspn(out, "\n")] = '\0';
        }
        break;
    }
    if (f)
        fclose(f);
}

static void write_inputs(xmc_results *r) {
    const xmc_analysis *a = r->meta.analysis;
    const xmc_comparison_plan *p = r->comparison;
    size_t n = a->n_inputs + (p ? p->n_inputs : 0);
    if (!n)
        return;
    const char **text = calloc(3 * n, sizeof *text);
    uint64_t *bytes = calloc(n, sizeof *bytes);
    if (!text || !bytes) {
        r->h.status = xmc_no_memory(r->h.diag, n * 32, "the list of inputs");
    } else {
        for (size_t i = 0; i < n; i++) {
            const xmc_input_file *in =
                i < a->n_inputs ? &a->inputs[i] : &p->inputs[i - a->n_inputs];
            text[i] = in->path ? in->path : "";
            text[n + i] = in->role ? in->role : "";
            text[2 * n + i] = in->sha256;
            bytes[i] = in->bytes;
        }
        xmc_h5_dims dims = XMC_H5_DIMS1("/provenance/input");
        xmc_h5_scale_strings(&r->h, "/provenance/input", text, n, "input file as opened");
        xmc_h5_strings(&r->h, "/provenance/input_role", dims, text + n, "role of the input");
        xmc_h5_strings(&r->h, "/provenance/input_sha256", dims, text + 2 * n, "SHA-256");
        xmc_h5_u64(&r->h, "/provenance/input_bytes", dims, bytes, "byte", "size of the input");
    }
    free(text);
    free(bytes);
}

void xmc_results_write_overlay(xmc_results *r) {
    const xmc_overlay *o = r->meta.analysis->overlay;
    if (!o)
        return;
    xmc_h5 *h = &r->h;
    xmc_h5_group(h, "/overlay");
    if (h->status != XMC_OK)
        return;
    hid_t g = H5Gopen2(h->file, "/overlay", H5P_DEFAULT);
    xmc_h5_attr_string(h, g, "title", o->title);
    xmc_h5_attr_f64(h, g, "cost", o->cost);
    H5Gclose(g);
    xmc_h5_text(h, "/overlay/programme", o->text, "the overlay file as read");
}

void xmc_results_write_provenance(xmc_results *r) {
    xmc_h5 *h = &r->h;
    xmc_h5_group(h, "/provenance");
    if (h->status != XMC_OK)
        return;
    hid_t g = H5Gopen2(h->file, "/provenance", H5P_DEFAULT);

    char created[32] = "";
    struct tm utc;
    if (gmtime_r(&r->created, &utc))
        strftime(created, sizeof created, "%Y-%m-%dT%H:%M:%SZ", &utc);
    xmc_h5_attr_string(h, g, "created", created);
    xmc_h5_attr_string(h, g, "isa", r->meta.isa);
    uint64_t block = r->meta.block, threads = r->meta.threads > 0 ? (uint64_t)r->meta.threads : 0;
    xmc_h5_attr_u64(h, g, "block", &block, 1);
    xmc_h5_attr_u64(h, g, "threads", &threads, 1);

    struct utsname u;
    if (uname(&u) == 0) {
        char cpu[256], system[256];
        processor_name(cpu, sizeof cpu, u.machine);
        snprintf(system, sizeof system, "%.60s %.100s %.60s", u.sysname, u.release, u.machine);
        xmc_h5_attr_string(h, g, "host", u.nodename);
        xmc_h5_attr_string(h, g, "system", system);
        xmc_h5_attr_string(h, g, "processor", cpu);
    }
    xmc_h5_attr_string(h, g, "compiler", __VERSION__);
    xmc_h5_attr_string(h, g, "compile_flags", CROSSMC_COMPILE_FLAGS);

    unsigned major = 0, minor = 0, patch = 0;
    H5get_libversion(&major, &minor, &patch);
    char hdf5[48], ssl[160], json[48], yaml[48];
    snprintf(hdf5, sizeof hdf5, "HDF5 %u.%u.%u", major, minor, patch);
    snprintf(ssl, sizeof ssl, "%s", OpenSSL_version(OPENSSL_VERSION));
    snprintf(json, sizeof json, "jansson %s", JANSSON_VERSION);
    snprintf(yaml, sizeof yaml, "libcyaml %s", cyaml_version_str);
    xmc_h5_attr_strings(h, g, "libraries", (const char *[]){hdf5, ssl, json, yaml}, 4);
    H5Gclose(g);

    xmc_h5_text(h, "/provenance/analysis", r->meta.analysis->text, "the analysis file as read");
    write_inputs(r);
}
