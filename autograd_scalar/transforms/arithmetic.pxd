cpdef object neg(object a)
cpdef object add(object a, object b)
cpdef object sub(object a, object b)
cpdef object mul(object a, object b)
