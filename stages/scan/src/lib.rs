//! Scan: looks for another company's marks in source packages and built packages: names, addresses, pictures, keys, in
//! headers, texts, programs and archives.
//!
//! It finds and says where; it must not change anything, and it judges nothing beyond the allowances of the brand
//! file. It runs no foreign code and reads no more than its bounds.
