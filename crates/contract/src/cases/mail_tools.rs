//! The tools of reading, drafting, sending and filing mail.

table! { "mail_tools":
}
