#include "cli/reconcile/reconcile.h"
void recon_html(struct buf *out, struct recon_report *r) { (void)r; buf_puts(out, ""); }
