/* Memory for nodes: blocks of one size, cut from slabs.
 *
 * Graphs are made and dropped as wholes, again and again. Python's allocator gives the memory
 * of each back to the system, and the page faults of the next one, one for 42 nodes, cost as
 * much as computing them. Here some empty slabs are kept. Python's global lock is held by
 * every caller.
 */
#include <stddef.h>
#include <stdint.h>
#ifdef _WIN32
#include <malloc.h>
#else
#include <sys/mman.h>
#endif

enum {
    BLOCK_BYTES = 104,
    SLAB_BYTES = 1 << 21,
    EMPTY_SLABS_KEPT = 64,       /* 1.4 million nodes */
    LONG_LIST = (1 << 25) - 8192 /* just below the C library's limit, see `prepare` */
};

/* A block in use is a node; one that was freed holds the address of the next such block. */
typedef struct slab {
    struct slab *previous, *next; /* among the slabs that have room */
    void *freed;
    char *fresh; /* from here on, blocks were never used */
    size_t used;
} slab;

static slab *slabs_with_room = NULL;
static int empty_slabs = 0;

static slab *slab_from_system(void) {
#ifdef _WIN32
    return (slab *)_aligned_malloc(SLAB_BYTES, SLAB_BYTES);
#else
    /* Asked for twice as much, the system must give an aligned slab; the rest goes back. */
    char *memory = (char *)mmap(NULL, 2 * SLAB_BYTES, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANON, -1, 0);
    if (memory == (char *)MAP_FAILED)
        return NULL;
    size_t before = (SLAB_BYTES - (uintptr_t)memory % SLAB_BYTES) % SLAB_BYTES;
    if (before)
        munmap(memory, before);
    munmap(memory + before + SLAB_BYTES, SLAB_BYTES - before);
#ifdef MADV_HUGEPAGE
    /* A graph of ten million nodes takes 83 ns a node in huge pages, 143 in ordinary ones. */
    madvise(memory + before, SLAB_BYTES, MADV_HUGEPAGE);
#endif
    return (slab *)(memory + before);
#endif
}

static void slab_to_system(slab *s) {
#ifdef _WIN32
    _aligned_free(s);
#else
    munmap((void *)s, SLAB_BYTES);
#endif
}

static void slab_has_room(slab *s) {
    s->previous = NULL;
    s->next = slabs_with_room;
    if (s->next)
        s->next->previous = s;
    slabs_with_room = s;
}

static void slab_is_full(slab *s) {
    if (s->previous)
        s->previous->next = s->next;
    else
        slabs_with_room = s->next;
    if (s->next)
        s->next->previous = s->previous;
}

static void slab_empty(slab *s) {
    s->freed = NULL;
    s->fresh = (char *)s + 64; /* a line of the cache: its header stays out of the nodes' lines */
    s->used = 0;
}

static inline void *block_new(void) {
    slab *s = slabs_with_room;
    void *block;
    if (!s) {
        s = slab_from_system();
        if (!s)
            return NULL;
        slab_empty(s);
        slab_has_room(s);
        empty_slabs++;
    }
    block = s->freed;
    if (block) {
        s->freed = *(void **)block;
    } else {
        block = s->fresh;
        s->fresh += BLOCK_BYTES;
    }
    if (s->used++ == 0)
        empty_slabs--;
    if (!s->freed && s->fresh + BLOCK_BYTES > (char *)s + SLAB_BYTES)
        slab_is_full(s);
    PyTraceMalloc_Track(0, (uintptr_t)block, BLOCK_BYTES);
    return block;
}

static inline void block_free(void *block) {
    slab *s = (slab *)((uintptr_t)block & ~(uintptr_t)(SLAB_BYTES - 1));
    int was_full = !s->freed && s->fresh + BLOCK_BYTES > (char *)s + SLAB_BYTES;
    PyTraceMalloc_Untrack(0, (uintptr_t)block);
    *(void **)block = s->freed;
    s->freed = block;
    if (was_full)
        slab_has_room(s);
    if (--s->used == 0) {
        if (empty_slabs < EMPTY_SLABS_KEPT) {
            slab_empty(s);
            empty_slabs++;
        } else {
            slab_is_full(s);
            slab_to_system(s);
        }
    }
}
