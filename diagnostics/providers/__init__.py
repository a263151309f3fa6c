"""What a contract file cannot say of one provider: request signing, webhook crypto."""
