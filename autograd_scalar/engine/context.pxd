cdef int PAUSED, WATCHED
cdef bint used

cpdef int state() except -1
