cpdef bint is_real(object other) except -1
cpdef double to_float(object data) except? -1.0
cpdef object comparable(object other)
