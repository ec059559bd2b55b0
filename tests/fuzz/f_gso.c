/* f_gso.c: any bytes as a large segment, which is cut. */
#include "bus/gso.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = { p, n };
	unsigned seg_size = take16(&in);
	static uint8_t out[70000];
	struct gso_cut c;
	struct gso g;

	gso_open(&c, in.p, in.n, seg_size);
	for (unsigned i = 0; i < c.n; i++)
		gso_frame(&c, i, out, i % 3 ? sizeof(out) : 60);
	if (gso_start(&g, in.p, in.n, in.n)) {
		gso_add(&g, in.p, in.n, in.n);
		gso_finish(&g);
	}
	return 0;
}
