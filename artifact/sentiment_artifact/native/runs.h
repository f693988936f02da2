/* Runs of two and of three words, found by numbers alone. A line holds five of them and is one line of the processor's cache, as
 * memory that has to be waited for is nearly all that a look costs: a run that is there is found in one, and that it is not there
 * is known after one, but for those few whose line was full.
 *
 * It must not know what words are, nor what runs are looked up for.
 */
#ifndef SENTIMENT_RUNS_H
#define SENTIMENT_RUNS_H

#include <stddef.h>
#include <stdint.h>

void *calloc(size_t, size_t);
void free(void *);

#define NOWHERE UINT32_MAX
#define LINE_OF_CACHE 64
#define IN_LINE 5

/* A key is the place of a shorter run and that of the word behind it; 0 where there is none. A column is counted from 1; 0 for a run
 * that only begins terms. The last one stands for all runs that are not here: 0 as well, or OVERRUN where one of them had to go to
 * the next line. */
typedef struct {
    uint64_t keys[IN_LINE];
    int32_t columns[IN_LINE + 1];
} Line;

#define OVERRUN (-1)

_Static_assert(sizeof(Line) == LINE_OF_CACHE, "a line is one of the cache");

/* Where a run stands, line by line, names it. */
typedef struct {
    Line *lines;
    void *memory;
    uint64_t size, used, most;
} RunTable;

static uint64_t run_key(uint32_t run, uint32_t word) { return ((uint64_t)run + 1) << 32 | word; }

/* Where a key should stand, as a share of so many places. Multiplying by a number that no file can know spreads keys that were
 * chosen to collide. */
static uint64_t share_of_places(uint64_t key, uint64_t places, uint64_t multiplier) {
    return (uint64_t)((unsigned __int128)(key * multiplier) * places >> 64);
}

/* The first place inside memory, of one line more than is needed, where one begins. */
static void *line_of_cache_in(void *memory) {
    return (void *)(((uintptr_t)memory + LINE_OF_CACHE - 1) & ~(uintptr_t)(LINE_OF_CACHE - 1));
}

/* With room for so many runs, two to a line: then hardly any line is full, and what would have to be looked for in the next one is
 * waited for all over again. */
static int make_run_table(RunTable *runs, uint64_t most) {
    free(runs->memory);
    runs->size = most / 2 + 1;
    runs->used = 0;
    runs->most = most;
    runs->memory = runs->size < NOWHERE / IN_LINE ? calloc(runs->size + 1, sizeof(Line)) : NULL;
    runs->lines = line_of_cache_in(runs->memory);
    return runs->memory != NULL;
}

/* Which place of the line has this key; IN_LINE for none. Without a branch, as none could be foretold. */
static uint32_t place_in(const Line *line, uint64_t key) {
    uint32_t place = IN_LINE;
    for (uint32_t i = 0; i < IN_LINE; i++) place = line->keys[i] == key ? i : place;
    return place;
}

/* Where the run with this key stands, NOWHERE if not at all, given the line where it should. `column` gets its column, -1 for none. */
static uint32_t find_in(const RunTable *runs, uint64_t line, uint64_t key, int32_t *column) {
    for (;; line = line + 1 < runs->size ? line + 1 : 0) {
        uint32_t place = place_in(&runs->lines[line], key);
        int32_t counted_from_1 = runs->lines[line].columns[place];
        if (__builtin_expect(counted_from_1 == OVERRUN, 0)) continue;
        *column = counted_from_1 - 1;
        return place < IN_LINE ? (uint32_t)line * IN_LINE + place : NOWHERE;
    }
}

static void name_run(RunTable *runs, uint32_t run, int32_t column) { runs->lines[run / IN_LINE].columns[run % IN_LINE] = column + 1; }

/* Where the run with this key stands, put there if need be; NOWHERE when there is no room for it. */
static uint32_t put_in(RunTable *runs, uint64_t line, uint64_t key) {
    int32_t column;
    uint32_t found = find_in(runs, line, key, &column);
    if (found != NOWHERE || runs->used == runs->most) return found;
    runs->used++;
    for (;; line = line + 1 < runs->size ? line + 1 : 0) {
        uint32_t place = place_in(&runs->lines[line], 0);
        if (place < IN_LINE) {
            runs->lines[line].keys[place] = key;
            return (uint32_t)line * IN_LINE + place;
        }
        runs->lines[line].columns[IN_LINE] = OVERRUN;
    }
}

#endif
