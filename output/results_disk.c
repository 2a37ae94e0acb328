/* The results file and the disk: room, locks, syncing, and a way out when something fails. */
#include "output/comparison_internal.h"
#include "output/results_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Another run's file must not be cut under its hands: HDF5 truncates before it locks. */
xmc_status xmc_results_check_unlocked(const char *part, xmc_diag *diag) {
    int fd = open(part, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return XMC_OK; /* none there, or creating it will say why not */
    int busy = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    close(fd);
    if (busy)
        return xmc_error(diag, XMC_SYSTEM,
                         "%s: another run is writing it; wait for it or choose another output file",
                         part);
    return XMC_OK;
}

static xmc_status no_room(const char *part, uint64_t size, int error, xmc_diag *diag) {
    struct statvfs v;
    char *copy = strdup(part);
    double left =
        copy && statvfs(dirname(copy), &v) == 0 ? (double)v.f_bavail * (double)v.f_frsize : NAN;
    free(copy);
    return xmc_error(diag, XMC_SYSTEM,
                     "%s: no room for the results: %.3f MB wanted, %.3f MB free on the disk: %s",
                     part, (double)size / 1e6, left / 1e6, strerror(error));
}

/* Upper bound of the file: the year loss table in whole chunks, and the tables around it. */
static uint64_t size_bound(const xmc_results *r) {
    uint64_t chunk = r->trials < XMC_RESULTS_CHUNK ? r->trials : XMC_RESULTS_CHUNK;
    uint64_t chunks = (r->trials + chunk - 1) / chunk, rows = 0;
    for (size_t i = 0; i < r->n_datasets; i++)
        rows += r->datasets[i].rows;
    const xmc_analysis *a = r->meta.analysis;
    size_t inputs = a->n_inputs + (r->comparison ? r->comparison->n_inputs : 0);
    return rows * chunks * chunk * sizeof(double) + 64 * a->events.n_events +
           4096 * (r->segments.n + r->n_treaties + inputs) + 2 * (a->text ? strlen(a->text) : 0) +
           (UINT64_C(4) << 20);
}

/* Takes disk space. On a file system in memory a signal interrupts it (EINTR): who asks the program
 * to stop gets the stop, not a disk that is said to be full. */
static int allocate(int fd, uint64_t size) {
    int e;
    do
        e = posix_fallocate(fd, 0, (off_t)size);
    while (e == EINTR);
    return e == EOPNOTSUPP || e == EINVAL ? 0 : e;
}

/* Creates PATH.part and tries whether the whole file fits, before HDF5 knows of it: HDF5 does not
 * survive a disk that fills while it writes what it holds back (see abort). */
xmc_status xmc_results_check_room(xmc_results *r, const char *part, xmc_diag *diag) {
    int fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        int e = errno;
        return xmc_error(diag, XMC_SYSTEM, "%s: creating the results file: %s", part, strerror(e));
    }
    uint64_t size = size_bound(r);
    int e = allocate(fd, size);
    close(fd);
    if (e == 0)
        return XMC_OK;
    unlink(part);
    return no_room(part, size, e, diag);
}

int xmc_results_descriptor(const xmc_results *r) {
    void *handle = NULL;
    if (H5Fget_vfd_handle(r->h.file, H5P_DEFAULT, &handle) < 0 || !handle)
        return -1;
    return *(const int *)handle;
}

/* Takes the disk space of all that HDF5 has allocated, and only then lets HDF5 write what it holds
 * back: an allocated dataset is a hole in the file until it is written, and a flush that fails
 * leaves HDF5 unable to close the file ever. */
xmc_status xmc_results_reserve_and_flush(xmc_results *r, const char *doing) {
    xmc_h5 *h = &r->h;
    if (h->status != XMC_OK)
        return h->status;
    hsize_t size = 0;
    int fd = xmc_results_descriptor(r);
    if (fd < 0 || H5Fget_filesize(h->file, &size) < 0)
        return xmc_h5_fail(h, doing);
    int e = allocate(fd, size);
    if (e != 0)
        return h->status = no_room(r->part, size, e, h->diag);
    if (H5Fflush(h->file, H5F_SCOPE_LOCAL) < 0)
        return xmc_h5_fail(h, doing);
    if (fsync(fd) != 0)
        return h->status = xmc_file_error(h->diag, r->part, "syncing to disk");
    return XMC_OK;
}

/* HDF5 writes what it holds back when a file is closed; when that fails it cannot close the file
 * and crashes at exit. A file that is thrown away is therefore closed into a sink in memory. */
void xmc_results_divert(xmc_results *r) {
    int fd = xmc_results_descriptor(r), sink = memfd_create("crossmc", MFD_CLOEXEC);
    if (fd >= 0 && sink >= 0)
        dup2(sink, fd);
    if (sink >= 0)
        close(sink);
}
