"""What tests share: brokers to talk to and clients to talk with."""
