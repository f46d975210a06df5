//! Large futures that are made where they stay.

/// A box of what is made, whose room is there before it, so that nothing is copied that isn't written yet: of a future that has not
/// begun that is nearly all. The compiler sees so much only in a small function, and only where nothing stands at the future's end:
/// it puts what it holds of bytes there, so such parts are held by reference.
#[inline(never)]
pub(super) fn placed<T>(make: impl FnOnce() -> T) -> Box<T> {
    let room = Box::new_uninit();
    Box::write(room, make())
}
