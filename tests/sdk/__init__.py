"""What do the vendors' own clients do, said once for several of their versions?"""
