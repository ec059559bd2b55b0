/* report.h: how the functions of rump(3) return. */
#ifndef STACK_RUMP_REPORT_H
#define STACK_RUMP_REPORT_H

/*
 * Return: -e, for the program.  With RUMP_VERBOSE=1 in the environment the
 * reason goes to stderr as well: err, or if that is empty strerror.
 */
int rump_report(int e, const char *what, const char *err);

#endif
