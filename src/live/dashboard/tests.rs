//! Whole screens of a made-up picture.
