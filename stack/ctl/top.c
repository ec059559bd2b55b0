/* top.c: shmif top: its options, the terminal and the keys. */
#include "stack/ctl/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"
#include "stack/wire/clock.h"

#define DELAY		2000000000ull	/* ns between two looks */
#define DELAY_ONCE	1000000000ull	/* that -1 takes its rates over */
#define DELAY_MIN	100000000ull
#define DELAY_MAX	3600000000000ull

static const char screen_on[] = "\033[?1049h\033[?25l";
static const char screen_off[] = "\033[?25h\033[?1049l";
static const char help[] =
"q  quit                      t  sort by traffic\n"
"space  look now              l  by loss\n"
"+ -  look less, more often   n  by name\n"
"c  connections or not        s  by bus and slot\n"
"h ?  this text               R  the other way round\n";

static struct top {
	const char *bus;
	uint64_t delay;
	enum top_order order;
	bool reverse, conns, help, json, once;
	struct top_look now, last;
} top = { .conns = true };

static struct termios cooked;
static volatile sig_atomic_t ended, resized;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else
		ended = sig;
}

static int parse(struct top *t, int argc, char **argv)
{
	int c;

	t->json = ctl_take_json(&argc, argv);
	t->once = t->json;
	opterr = 0;
	while ((c = getopt(argc, argv, ":1d:")) != -1) {
		if (c == '1')
			t->once = true;
		else if (c != 'd')
			return ctl_usage(c == ':' ? "-%c needs a value" :
			    "-%c: unknown option", optopt);
		else if (text_parse_seconds(optarg, &t->delay) ||
		    t->delay < DELAY_MIN || t->delay > DELAY_MAX)
			return ctl_usage("-d %s: not a number of seconds from "
			    "0.1 to 3600", optarg);
	}
	if (argc - optind > 1)
		return ctl_usage("name one bus");
	t->bus = argv[optind];
	if (!t->delay)
		t->delay = t->once ? DELAY_ONCE : DELAY;
	if (!t->once && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return ctl_fail("this is no terminal; top -1 shows it once");
	return 0;
}

static int look(struct top *t)
{
	top_free(&t->last);
	t->last = t->now;
	memset(&t->now, 0, sizeof(t->now));
	return top_look(&t->now, t->last.when ? &t->last : NULL, t->bus);
}

static void show(struct top *t)
{
	struct winsize w = { .ws_row = 24, .ws_col = 80 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	top_sort(&t->now, t->order, t->reverse);
	fputs("\033[H", stdout);
	if (t->help)
		printf("\033[J%s", help);
	else if (w.ws_row > 1)
		/* The last line stays empty, or the screen would scroll. */
		top_print(&t->now, t->order, w.ws_row - 1, w.ws_col, t->conns);
	fputs("\033[J", stdout);
	fflush(stdout);
}

/* Return: whether to look anew at once. */
static bool key(struct top *t, char c)
{
	static const char orders[] = "tlns";
	const char *order = c ? strchr(orders, c) : NULL;

	if (order)
		t->order = (enum top_order)(order - orders);
	t->help = (c == 'h' || c == '?') && !t->help;
	switch (c) {
	case 'q':
	case 3:			/* ^C, where it is no signal */
		ended = 1;
		break;
	case 'c':
		t->conns = !t->conns;
		break;
	case 'R':
		t->reverse = !t->reverse;
		break;
	case '+':
		if (t->delay < DELAY_MAX / 2)
			t->delay *= 2;
		break;
	case '-':
		if (t->delay / 2 >= DELAY_MIN)
			t->delay /= 2;
		break;
	case ' ':
		return true;
	default:
		break;
	}
	return false;
}

/* Wait for keys until it is time for the next look. */
static void wait_keys(struct top *t)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now;
	char c;

	while (!ended && (now = clock_ns()) < t->now.when + t->delay) {
		uint64_t ns = t->now.when + t->delay - now;
		int n = poll(&p, 1, (int)(ns / CLOCK_NS_MS) + 1);

		if (n > 0) {
			if (read(STDIN_FILENO, &c, 1) != 1) {
				ended = 1;	/* the terminal is gone */
				return;
			}
			if (key(t, c))
				return;
			show(t);
		} else if (resized) {
			resized = 0;
			show(t);
		}
	}
}

static int live(struct top *t)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct termios raw;
	int status = look(t);

	if (status)
		return status;
	for (int i = 0; i < 4; i++)
		sigaction((int[]){ SIGINT, SIGTERM, SIGHUP, SIGWINCH }[i],
		    &sa, NULL);
	if (tcgetattr(STDIN_FILENO, &cooked))
		return ctl_fail("the terminal: %s", strerror(errno));
	raw = cooked;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(screen_on, stdout);
	while (!ended && !status) {
		show(t);
		wait_keys(t);
		if (!ended)
			status = look(t);
	}
	fputs(screen_off, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	/* What was said of it has gone with the screen. */
	return status ? ctl_fail("%s: the bus cannot be read any more",
	    t->bus ? t->bus : "shmif") : CTL_OK;
}

static int once(struct top *t)
{
	struct timespec ts = {
		.tv_sec = (time_t)(t->delay / CLOCK_NS_S),
		.tv_nsec = (long)(t->delay % CLOCK_NS_S),
	};
	int status = look(t);

	if (status)
		return status;
	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
	status = look(t);
	if (status)
		return status;
	top_sort(&t->now, t->order, t->reverse);
	if (t->json)
		top_json(&t->now);
	else
		top_print(&t->now, t->order, 0, 0, t->conns);
	return CTL_OK;
}

int cmd_top(int argc, char **argv)
{
	int status = parse(&top, argc, argv);

	if (!status)
		status = top.once ? once(&top) : live(&top);
	top_free(&top.now);
	top_free(&top.last);
	return status;
}
