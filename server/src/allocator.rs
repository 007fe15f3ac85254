//! The memory of the whole process. A page is made of many small strings, and this allocator hands them out and
//! takes them back faster than the system's: the README has what it is worth.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
