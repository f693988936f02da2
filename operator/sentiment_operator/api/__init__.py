"""What a person may write and what is answered, as values: the schemas are generated from here.

One module for each part of a spec or a status. It knows no client, no clock, and no other room.
"""
