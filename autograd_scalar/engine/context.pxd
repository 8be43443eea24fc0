cdef int PAUSED, WATCHED, TRACED
cdef long long changes

cpdef int state() except -1
