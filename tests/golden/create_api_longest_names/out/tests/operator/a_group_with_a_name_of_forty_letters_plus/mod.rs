//! The group `a-group-with-a-name-of-forty-letters.plus` on a real API server.

mod kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk;
