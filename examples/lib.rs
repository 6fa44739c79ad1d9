//! Living documents: each folder beside this file is a program to read and to run, and a test runs it too.
