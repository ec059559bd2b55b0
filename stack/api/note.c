/* note.c: who was not let in by a relay; see note.h. */
#include "stack/api/note.h"

#include <errno.h>

#include "stack/core/counter.h"
#include "stack/core/log.h"

int note_take(const struct wire_req *req)
{
	const char *why;

	switch (req->a) {
	case WIRE_NOTE_KEY:
		counter_inc("relay.wrong_key");
		why = "has not the right key";
		break;
	case WIRE_NOTE_PROTOCOL:
		counter_inc("relay.protocol");
		why = "does not speak as a relay does";
		break;
	case WIRE_NOTE_TIME:
		counter_inc("relay.too_slow");
		why = "took too long";
		break;
	case WIRE_NOTE_MANY:
		counter_inc("relay.too_many");
		why = "is one too many that wants in";
		break;
	default:
		return -EINVAL;
	}
	if (req->len)
		log_event("refused", "%.*s %s", (int)req->len,
		    (const char *)req->data, why);
	return 0;
}
