// Only the journal: what systemd's other variables and sockets say is read without the library (see ServiceManager).
// Without the macros that would hand over the place in a C source, which Swift cannot import anyway.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
