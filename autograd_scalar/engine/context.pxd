cdef int PAUSED, WATCHED
cdef long long changes

cpdef int state() except -1
